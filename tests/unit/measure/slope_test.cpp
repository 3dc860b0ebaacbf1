// The drift of the local clock during a long round is found in all servers together, and by no single one.
#include "daemon/core/measure/slope.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "daemon/core/measure/summary.hpp"

namespace ntpopt {
namespace {

/// `count` servers with three samples each, spread over a round, on a clock that drifts.
std::vector<Measurement> drifting(int count, double round_s, double slope, double noise_s = 0) {
    std::vector<Measurement> out;
    for (int i = 0; i < count; ++i) {
        Measurement measurement;
        measurement.header = ServerHeader{.stratum = 2};
        for (int k = 0; k < 3; ++k) {
            const double t = round_s * i / count + 2 * k;
            const double noise = noise_s * std::sin(17.0 * i + 5.0 * k);
            measurement.samples.push_back(Sample{slope * t + noise, 0.01, t});
        }
        out.push_back(measurement);
    }
    return out;
}

std::vector<const Measurement*> pointers(const std::vector<Measurement>& all) {
    std::vector<const Measurement*> out;
    for (const auto& one : all)
        out.push_back(&one);
    return out;
}

TEST(Slope, C1SlewDuringTheProbeIsNotTheServersJitter) {
    const auto round = drifting(200, 60, 80e-6);
    const double slope = common_slope(pointers(round));
    EXPECT_NEAR(slope, 80e-6, 12e-6);
    const auto first = summarise(round.front(), 0, slope);
    const auto last = summarise(round.back(), 0, slope);
    EXPECT_LT(std::abs(first->offset_ms - last->offset_ms), 0.2 * 80e-6 * 60e3);
    EXPECT_LT(*last->rms_jitter_ms, 0.2 * *summarise(round.back())->rms_jitter_ms);
}

TEST(Slope, ShortRoundsAreLeftAlone) {
    EXPECT_EQ(common_slope(pointers(drifting(20, 5, 80e-6))), 0);
}

TEST(Slope, NoiseIsNotTakenForDrift) {
    EXPECT_LT(std::abs(common_slope(pointers(drifting(20, 12, 0, 1e-3)))), 60e-6);
}

TEST(Slope, OneServerCannotMakeIt) {
    auto round = drifting(50, 60, 0);
    for (int k = 0; k < 3; ++k)
        round[7].samples[static_cast<std::size_t>(k)]->offset_s = 10.0 * k;
    EXPECT_NEAR(common_slope(pointers(round)), 0, 1e-9);
}

TEST(Slope, NothingComesOfNothing) {
    EXPECT_EQ(common_slope({}), 0);
    Measurement odd;
    odd.samples = {Sample{NAN, 0, 0}, Sample{1, 0, NAN}, Sample{1, 0, -HUGE_VAL}, std::nullopt, Sample{0, 0, 50}};
    EXPECT_EQ(common_slope({&odd}), 0);
}

}  // namespace
}  // namespace ntpopt
