// The arguments of org.ntpopt1.Manager's methods, from strangers: each is checked as a whole, and what is wrong is
// named.
#pragma once

#include <cstdint>
#include <string>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"
#include "common/json.hpp"
#include "daemon/api/control.hpp"

namespace ntpopt {

/// One boolean option, and none that is not known.
[[nodiscard]] Result<bool> parse_flag(const Json& options, std::string_view name);

[[nodiscard]] Result<HistoryQuery> parse_history_query(const Json& query);

[[nodiscard]] Result<EvidenceWindow> parse_evidence_query(const Json& query);

/// A server by its name, as in Endpoint::parse().
[[nodiscard]] Result<Endpoint> parse_server(const std::string& name);

/// Microseconds from the bus, at most ten years.
[[nodiscard]] Result<Duration> parse_usec(std::string_view what, std::uint64_t usec);

}  // namespace ntpopt
