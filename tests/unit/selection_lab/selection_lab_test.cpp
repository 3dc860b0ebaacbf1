// The laboratory in small: a few dozen worlds with loose bounds, so that a change which makes the decision worse is
// noticed at once, and the laboratory's own promises. The real figures are tests/bench/selection_lab's to judge.
#include <gtest/gtest.h>

#include "tests/bench/selection_lab/experiment.hpp"

namespace ntpopt::lab {
namespace {

constexpr std::uint64_t kFirstSeed = 500000;
constexpr int kWorlds = 40;

const std::vector<Course>& of(const Results& results, StrategyKind strategy) {
    return results[static_cast<std::size_t>(strategy)];
}

TEST(SelectionLab, OursIsFarBetterThanThePlainScoreAndNeverFarOff) {
    const auto results = run_worlds(kFirstSeed, kWorlds, {}, 2);
    for (const auto kind : {StrategyKind::ours, StrategyKind::ours_with_pool}) {
        const auto& ours = of(results, kind);
        EXPECT_LE(ratio_of_means(ours, of(results, StrategyKind::plain_score)).value, 0.5) << name_of(kind);
        EXPECT_LE(ratio_of_means(ours, of(results, StrategyKind::root_distance)).value, 0.6) << name_of(kind);
        const auto summary = summarise_outcomes(ours, 4);
        EXPECT_LT(summary.p95_ms, 1.2) << name_of(kind);
        EXPECT_EQ(summary.slots_over_100ms, 0) << name_of(kind);
        EXPECT_LE(summary.swaps.value, 0.08) << name_of(kind);
    }
}

TEST(SelectionLab, ClockThatIsThreeHoursWrongIsNoMatter) {
    const auto results = run_worlds(kFirstSeed, kWorlds, {.clock_ms = 3 * 3600e3}, 2);
    for (const auto kind : {StrategyKind::ours, StrategyKind::ours_with_pool})
        EXPECT_EQ(summarise_outcomes(of(results, kind), 4).over_100ms, 0) << name_of(kind);
    // Were this easy, the plain score would not follow liars.
    EXPECT_GT(summarise_outcomes(of(results, StrategyKind::plain_score), 4).slots_over_100ms, 2);
}

TEST(SelectionLab, EqualServersDoNotTakeTurns) {
    EXPECT_LT(equal_swaps(kFirstSeed, 5, 6, 1, 100), 1);
    EXPECT_LT(equal_swaps(kFirstSeed, 5, 8, 4, 100), 1);
}

TEST(SelectionLab, SameSeedsSameFiguresWhateverTheThreads) {
    const auto one = run_worlds(kFirstSeed, 4, {}, 1);
    const auto two = run_worlds(kFirstSeed, 4, {}, 2);
    for (std::size_t s = 0; s < kStrategyCount; ++s)
        for (std::size_t i = 0; i < one[s].size(); ++i)
            EXPECT_EQ(one[s][i].errors_ms, two[s][i].errors_ms) << name_of(kStrategies[s]);
}

TEST(SelectionLab, WorldsAreWhatTheyAreSaidToBe) {
    int liars = 0;
    for (std::uint64_t seed = kFirstSeed; seed < kFirstSeed + kWorlds; ++seed) {
        const auto world = make_world(seed);
        EXPECT_EQ(world.rounds.size(), static_cast<std::size_t>(kRounds));
        EXPECT_GE(world.servers.size(), 26U);
        EXPECT_LE(world.servers.size(), 36U);
        for (std::size_t i = 0; i < world.servers.size(); ++i) {
            if (world.servers[i].kind != Kind::hidden_liar) continue;
            ++liars;
            const auto& seen = world.rounds.front().seen[i];
            if (!seen.reachable || seen.error_ms * seen.error_ms > 20 * 20) continue;
            EXPECT_LT(std::abs(seen.error_ms), 1.3 * seen.distance_ms) << "it hides inside its bounds";
        }
    }
    EXPECT_GT(liars, kWorlds / 2);
}

}  // namespace
}  // namespace ntpopt::lab
