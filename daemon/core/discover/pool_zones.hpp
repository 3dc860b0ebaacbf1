// Which names of the NTP Pool to offer: the vendor's zone that the distribution configured, and the zones of the
// country and the continent. Names only; the pool's members are never candidates for configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/discover/region.hpp"

namespace ntpopt {

/// True for pool.ntp.org and every zone below it.
[[nodiscard]] bool is_pool_zone(std::string_view name);

/// The vendor zone in a list of configured names, for example "debian.pool.ntp.org" for "2.debian.pool.ntp.org"; empty
/// where there is none. Zones of countries and continents are no vendor's.
[[nodiscard]] std::string find_vendor_zone(const std::vector<std::string>& configured_names);

/// The zones to offer, the nearest first: country, continent, and `zone` ("none": not that one; empty: pool.ntp.org).
/// Zones of the NTP Pool are asked as "2.<zone>", the only form with both address families.
[[nodiscard]] std::vector<Candidate> pool_zone_candidates(const Region& here, std::string_view zone);

/// Whether a zone's answer shows too few independent servers to choose four from: fewer than 4 networks (/24, /48) in
/// the family that has more. Many countries have one or two servers.
[[nodiscard]] bool is_sparse_zone(const std::vector<Address>& answer);

/// The continent's zone that stands in for a country's zone, as offered by pool_zone_candidates(); empty for every
/// other candidate.
[[nodiscard]] std::string wider_zone(const Candidate& candidate);

}  // namespace ntpopt
