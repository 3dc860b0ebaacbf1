// The clock error bound.
#include "daemon/core/publish/clock_error.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ntpopt {
namespace {

ServiceObservation synchronised() {
    ServiceObservation observation;
    observation.synchronised = true;
    observation.leap = 0;
    observation.offset_s = -0.002;
    observation.root_delay_s = 0.010;
    observation.root_dispersion_s = 0.001;
    return observation;
}

TEST(ClockError, AddsOffsetHalfTheRootDelayAndTheDispersion) {
    EXPECT_NEAR(*clock_error_bound_s(synchronised(), Duration::zero()), 0.008, 1e-12);
}

TEST(ClockError, GrowsByFifteenPartsInAMillion) {
    EXPECT_NEAR(*clock_error_bound_s(synchronised(), std::chrono::hours(1)), 0.008 + 3600 * 15e-6, 1e-12);
    EXPECT_NEAR(*clock_error_bound_s(synchronised(), std::chrono::seconds(-5)), 0.008, 1e-12);
}

TEST(ClockError, SaysNothingWithoutASourceOrWithNonsense) {
    auto observation = synchronised();
    observation.leap = 3;
    EXPECT_FALSE(clock_error_bound_s(observation, Duration::zero()));
    observation = synchronised();
    observation.synchronised = false;
    EXPECT_FALSE(clock_error_bound_s(observation, Duration::zero()));
    observation = synchronised();
    observation.root_delay_s = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(clock_error_bound_s(observation, Duration::zero()));
}

}  // namespace
}  // namespace ntpopt
