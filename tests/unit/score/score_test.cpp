// The score functions against the rows that were published for them, and their shape.
#include "daemon/core/score/score.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ntpopt {
namespace {

struct Row {
    const char* name;
    double latency;
    double jitter;
    int stratum;
    double reach;
    bool regional;
    double published;
    double ours;
};

constexpr Row kRows[] = {
    {"R1", 1.234, .456, 3, 100, true, 94.50, 94.09},  {"R2", 2.345, .567, 1, 100, false, 92.30, 92.30},
    {"R3", 1.890, .234, 2, 100, false, 91.80, 92.10}, {"R4", 3.456, .789, 3, 95, true, 88.70, 89.30},
    {"R5", 5.678, 1.234, 3, 90, true, 85.20, 84.62},  {"B", 45.2, 12.3, 4, 78, false, 52.30, 53.35},
    {"A", 1.8, .4, 3, 100, true, 94.50, 93.94},
};

double score_of(const Row& row, const SelectionConfig& config = {}) {
    const Metrics metrics{.jitter_ms = row.jitter,
                          .reachability = row.reach,
                          .stratum = row.stratum,
                          .error_ms = row.latency,
                          .delay_ms = 80,
                          .regional = row.regional};
    return total_score(score_parts(metrics, config), config);
}

TEST(Score, GoldenRowsWithinTolerance) {
    for (const auto& row : kRows) {
        EXPECT_NEAR(score_of(row), row.published, 1.1) << row.name;
        EXPECT_NEAR(score_of(row), row.ours, 0.006) << row.name;
    }
}

TEST(Score, GoldenRowsInOrder) {
    for (std::size_t i = 1; i < 5; ++i)
        EXPECT_GT(score_of(kRows[i - 1]), score_of(kRows[i])) << kRows[i].name;
}

TEST(Score, GradesMatchThePublishedWords) {
    EXPECT_EQ(grade(94.5), "Excellent");
    EXPECT_EQ(grade(75), "Good");
    EXPECT_EQ(grade(60), "Fair");
    EXPECT_EQ(grade(52.3), "Poor");
}

TEST(Score, FunctionsAtKnownPoints) {
    const std::pair<double, double> jitter[] = {{0, 100}, {1, 85.7}, {2, 75}, {6, 50}, {12, 33.3}};
    for (const auto& [x, y] : jitter)
        EXPECT_NEAR(falling_score(x, 6), y, 0.05);
    const std::pair<double, double> latency[] = {{0, 100}, {1, 90.9}, {5, 66.7}, {10, 50}, {50, 16.7}};
    for (const auto& [x, y] : latency)
        EXPECT_NEAR(falling_score(x, 10), y, 0.05);
    const std::pair<int, double> stratum[] = {{0, 0},    {1, 88.9}, {2, 80},    {3, 72.7},
                                              {4, 66.7}, {8, 50},   {15, 34.8}, {16, 0}};
    for (const auto& [x, y] : stratum)
        EXPECT_NEAR(score_parts({.stratum = x}, {}).stratum, y, 0.05);
}

TEST(Score, MonotoneInEveryMetricAndWithinBounds) {
    for (double x = 0; x < 500; x += 0.7) {
        EXPECT_GT(falling_score(x, 6), falling_score(x + 0.7, 6));
        EXPECT_GT(falling_score(x, 6), 0);
        EXPECT_LE(falling_score(x, 6), 100);
    }
    EXPECT_EQ(falling_score(-1, 6), 100);
    EXPECT_EQ(falling_score(std::numeric_limits<double>::quiet_NaN(), 6), 0);
    EXPECT_EQ(falling_score(HUGE_VAL, 6), 0);
    const ScoreParts perfect{100, 100, 100, 100, true};
    EXPECT_EQ(total_score(perfect, {}), 100);  // the bonus does not lift above 100
}

TEST(Score, ProfileLatencyPrefersNearAndNoisyReliabilityFarAndQuiet) {
    SelectionConfig reliability;
    SelectionConfig latency;
    latency.profile = Profile::latency;
    latency.weights = {.jitter = 0.20, .reachability = 0.10, .stratum = 0.10, .latency = 0.60};
    const Metrics near{.jitter_ms = 3, .reachability = 100, .stratum = 2, .error_ms = 1, .delay_ms = 4};
    const Metrics far{.jitter_ms = 0.3, .reachability = 100, .stratum = 2, .error_ms = 1.2, .delay_ms = 90};
    EXPECT_GT(total_score(score_parts(far, reliability), reliability),
              total_score(score_parts(near, reliability), reliability));
    EXPECT_GT(total_score(score_parts(near, latency), latency), total_score(score_parts(far, latency), latency));
}

}  // namespace
}  // namespace ntpopt
