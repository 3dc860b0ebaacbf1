// One list of candidates from what many discoverers found: duplicates merged, the most promising first. What is probed
// of it and what is chosen is decided later.
#pragma once

#include <vector>

#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/discover/region.hpp"

namespace ntpopt {

/// A list that several discoverers may fill holds no more than this; the rest is dropped from its end.
inline constexpr std::size_t kMaxCandidates = 10000;

/// Each endpoint once. The earlier word of CandidateSource wins and takes over what only the others knew; the catalogue
/// adds what it knows of the names, and `regional` is set for servers of our own continent. In the order configured,
/// current, dhcp, srv, cloud; then near or anycast servers of the catalogue, pools, lists, and far servers.
[[nodiscard]] std::vector<Candidate> merge_candidates(std::vector<Candidate> found, const Catalogue& catalogue,
                                                      const Region& here);

/// Whether an address that DNS gave for the candidate's name may be asked. A public name that leads into a private
/// network is somebody's mistake or trick; who named his own server, or whose network did, may mean it.
[[nodiscard]] bool may_lead_to(const Candidate& candidate, const Address& address);

}  // namespace ntpopt
