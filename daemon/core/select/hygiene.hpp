// What one measurement says against its server, before anybody else is asked (SELECTION.md 4.2). The packet tests of
// RFC 5905 8 were passed before: what comes here is what the server says of itself, and silence.
#pragma once

#include <optional>
#include <vector>

#include "daemon/core/select/trial.hpp"

namespace ntpopt {

/// Whether a server told us to go away (DENY, RSTR) or to ask less (RATE) in a way that counts. An incumbent's DENY
/// does only if it is silent too.
[[nodiscard]] bool is_refusal(const Measurement& measurement, bool incumbent);

/// The first reason why this measurement cannot be used, or nothing.
[[nodiscard]] std::optional<Fault> find_fault(const Observation& seen, const SelectionConfig& config,
                                              const std::vector<Address>& own_addresses, bool incumbent);

}  // namespace ntpopt
