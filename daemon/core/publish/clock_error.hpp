// How wrong the clock can be, from what the NTP service says of itself.
#pragma once

#include <optional>

#include "common/duration.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// |offset| + root delay / 2 + root dispersion in seconds (the root distance of RFC 5905 A.5.5.2 plus the offset),
/// grown by PHI = 15 ppm for the age of the observation. Nothing where the service follows nobody.
[[nodiscard]] std::optional<double> clock_error_bound_s(const ServiceObservation& observation, Duration age);

}  // namespace ntpopt
