// Candidates that need no asking: what the administrator named, and what the NTP service uses today.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// `discovery.servers` and `discovery.pools`.
[[nodiscard]] std::vector<Candidate> configured_candidates(const DiscoveryConfig& config);

/// What the service's own configuration names, and its sources of now; a member of a pool counts as its pool's name,
/// since its address may belong to somebody else tomorrow. Reference clocks are no servers.
[[nodiscard]] std::vector<Candidate> current_candidates(const ServiceObservation& service);

/// The names and addresses in the service's configuration, as written there.
[[nodiscard]] std::vector<std::string> configured_names(const ServiceObservation& service);

}  // namespace ntpopt
