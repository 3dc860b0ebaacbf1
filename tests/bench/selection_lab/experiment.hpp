// Many worlds, all strategies, one table: runs them, collects errors, and says how sure the figures are. The same seeds
// always give the same figures, however many threads there are.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tests/bench/selection_lab/strategy.hpp"

namespace ntpopt::lab {

inline constexpr std::size_t kStrategyCount = std::size(kStrategies);

/// What became of one strategy in one world.
struct Course {
    std::vector<double> errors_ms;  ///< of the clock, a round each, absolute, at most a second
    int slots = 0;                  ///< servers followed, counted a round
    int slots_over_10ms = 0;
    int slots_over_100ms = 0;
    int swaps = 0;  ///< places that changed hands after the first choice
    int swap_rounds = 0;
};

struct Setting {
    int sources = 4;
    ClientKind client = ClientKind::chrony_like;
    double clock_ms = 0;  ///< the clock's error at the start; 0: a few milliseconds, drawn
};

/// Lives through one world.
[[nodiscard]] Course run_world(const World& world, StrategyKind strategy, const Setting& setting);

/// Outcomes by strategy, then world.
using Results = std::array<std::vector<Course>, kStrategyCount>;

/// Worlds of the seeds first_seed, first_seed + 1, ..., for every strategy.
[[nodiscard]] Results run_worlds(std::uint64_t first_seed, int worlds, const Setting& setting, int threads);

struct Interval {
    double value = 0;
    double low = 0;  ///< of 95 %
    double high = 0;
};

struct Summary {
    Interval mean_ms;
    double p95_ms = 0;
    double p99_ms = 0;
    double over_100ms = 0;       ///< percent of the rounds in which the clock was more than 100 ms off
    double slots_over_10ms = 0;  ///< percent
    double slots_over_100ms = 0;
    Interval swaps;  ///< a slot and day
};

/// Figures over all worlds; intervals by bootstrap over worlds, since rounds of one world are not independent.
[[nodiscard]] Summary summarise_outcomes(const std::vector<Course>& outcomes, int sources);

/// The ratio of two strategies' means over the same worlds.
[[nodiscard]] Interval ratio_of_means(const std::vector<Course>& a, const std::vector<Course>& b);

/// Percent of the rounds in which one of `servers` equal servers took another's place among `sources`.
[[nodiscard]] double equal_swaps(std::uint64_t first_seed, int worlds, int servers, int sources, int rounds);

}  // namespace ntpopt::lab
