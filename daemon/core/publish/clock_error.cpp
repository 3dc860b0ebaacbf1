// Implementation of clock_error.hpp.
#include "daemon/core/publish/clock_error.hpp"

#include <cmath>

#include "daemon/core/ntp/packet.hpp"

namespace ntpopt {
namespace {

constexpr int kLeapUnsynchronised = 3;

}  // namespace

std::optional<double> clock_error_bound_s(const ServiceObservation& observation, Duration age) {
    if (!observation.synchronised || observation.leap == kLeapUnsynchronised) return std::nullopt;
    const auto bound = std::abs(observation.offset_s) + observation.root_delay_s / 2 + observation.root_dispersion_s +
                       kPhi * std::max(0.0, to_seconds(age));
    return std::isfinite(bound) ? std::optional(bound) : std::nullopt;
}

}  // namespace ntpopt
