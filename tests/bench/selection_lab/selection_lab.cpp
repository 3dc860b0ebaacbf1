// The laboratory's table and its verdict: how far ours is better than what people use, on worlds that nobody tuned for.
// Prints every promise with pass or FAIL and exits 1 where one is broken.
//
//   selection_lab [WORLDS [FIRST_SEED]]      400 held-out worlds, from seed 1000000
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "tests/bench/selection_lab/experiment.hpp"

namespace {

using namespace ntpopt::lab;

constexpr std::uint64_t kTuning = 1;
constexpr std::uint64_t kHeldOut = 1000000;
constexpr int kThreads = 2;
constexpr int kSources = 4;
constexpr double kThreeHours_ms = 3 * 3600e3;

std::size_t index(StrategyKind strategy) {
    return static_cast<std::size_t>(strategy);
}

using Table = std::array<Summary, kStrategyCount>;

Table summarise_all(const Results& results) {
    Table table;
    for (std::size_t s = 0; s < kStrategyCount; ++s)
        table[s] = summarise_outcomes(results[s], kSources);
    return table;
}

Table show(std::string_view title, const Results& results) {
    fmt::print("\n{}\n{:<16}{:>22}{:>9}{:>9}{:>12}{:>12}{:>13}{:>24}\n", title, "", "mean ms", "p95 ms", "p99 ms",
               "slots>10", "slots>100", "rounds>100", "swaps a slot and day");
    auto table = summarise_all(results);
    for (std::size_t s = 0; s < kStrategyCount; ++s) {
        const auto& summary = table[s];
        fmt::print(
            "{:<16}{:>22}{:>9.3f}{:>9.3f}{:>10.3f} %{:>10.3f} %{:>11.3f} %{:>24}\n", name_of(kStrategies[s]),
            fmt::format("{:.3f} [{:.3f}, {:.3f}]", summary.mean_ms.value, summary.mean_ms.low, summary.mean_ms.high),
            summary.p95_ms, summary.p99_ms, summary.slots_over_10ms, summary.slots_over_100ms, summary.over_100ms,
            fmt::format("{:.3f} [{:.3f}, {:.3f}]", summary.swaps.value, summary.swaps.low, summary.swaps.high));
    }
    return table;
}

/// Keeps count of promises.
class Verdicts {
  public:
    void at_most(std::string_view what, double value, double limit) {
        judge(what, value, value <= limit, fmt::format("at most {:g}", limit));
    }
    void below(std::string_view what, double value, double limit) {
        judge(what, value, value < limit, fmt::format("below {:g}", limit));
    }
    void near(std::string_view what, double value, double wanted) {
        judge(what, value, value >= 0.75 * wanted && value <= 1.25 * wanted, fmt::format("{:g} within 25 %", wanted));
    }
    [[nodiscard]] int failures() const { return failures_; }

  private:
    void judge(std::string_view what, double value, bool good, const std::string& wanted) {
        fmt::print("{}  {:<58}{:>9.3f}  ({})\n", good ? "pass" : "FAIL", what, value, wanted);
        failures_ += good ? 0 : 1;
    }
    int failures_ = 0;
};

/// The known strategies on the seeds that the world was made on: rare disasters need many worlds.
void judge_world(Verdicts& verdicts, int worlds) {
    const Setting usual{.sources = kSources};
    const auto main_world = summarise_all(run_worlds(kTuning, worlds, usual, kThreads));
    const auto list = summarise_all(run_worlds(kTuning, worlds, {kSources, ClientKind::timesyncd_like, 0}, kThreads));
    const auto cold =
        summarise_all(run_worlds(kTuning, worlds, {kSources, ClientKind::chrony_like, kThreeHours_ms}, kThreads));
    const auto& plain = main_world[index(StrategyKind::plain_score)];
    fmt::print("\nIs the laboratory as hard as it should be? ({} worlds from seed {})\n", worlds, kTuning);
    verdicts.near("plain score, mean ms", plain.mean_ms.value, 0.87);
    verdicts.near("plain score, p95 ms", plain.p95_ms, 3.44);
    verdicts.near("plain score, % of slots more than 10 ms off", plain.slots_over_10ms, 1.63);
    verdicts.near("root distance, mean ms", main_world[index(StrategyKind::root_distance)].mean_ms.value, 0.83);
    verdicts.near("plain pool, mean ms", main_world[index(StrategyKind::plain_pool)].mean_ms.value, 0.80);
    verdicts.near("oracle, mean ms", main_world[index(StrategyKind::oracle)].mean_ms.value, 0.10);
    verdicts.near("plain score for timesyncd, mean ms", list[index(StrategyKind::plain_score)].mean_ms.value, 6.26);
    verdicts.near("plain score from 3 h, % of rounds more than 100 ms off",
                  cold[index(StrategyKind::plain_score)].over_100ms, 9.1);
}

void judge_ours(Verdicts& verdicts, int worlds, std::uint64_t seed) {
    const auto results = run_worlds(seed, worlds, {.sources = kSources}, kThreads);
    const auto main_world = show("Client like chronyd", results);
    show("Client like systemd-timesyncd",
         run_worlds(seed, worlds, {kSources, ClientKind::timesyncd_like, 0}, kThreads));
    const auto cold = show("Client like chronyd, clock 3 h wrong at the start",
                           run_worlds(seed, worlds, {kSources, ClientKind::chrony_like, kThreeHours_ms}, kThreads));
    fmt::print("\nDoes ours keep its promises? ({} worlds from seed {})\n", worlds, seed);
    for (const auto kind : {StrategyKind::ours, StrategyKind::ours_with_pool}) {
        const auto& ours = results[index(kind)];
        const auto to_plain = ratio_of_means(ours, results[index(StrategyKind::plain_score)]);
        const auto to_distance = ratio_of_means(ours, results[index(StrategyKind::root_distance)]);
        const auto& summary = main_world[index(kind)];
        fmt::print("{}: mean to plain score {:.3f} [{:.3f}, {:.3f}], to root distance {:.3f} [{:.3f}, {:.3f}]\n",
                   name_of(kind), to_plain.value, to_plain.low, to_plain.high, to_distance.value, to_distance.low,
                   to_distance.high);
        verdicts.at_most("mean, share of the plain score's", to_plain.value, 0.35);
        verdicts.at_most("mean, share of root distance's", to_distance.value, 0.40);
        verdicts.below("p95 ms", summary.p95_ms, 0.8);
        verdicts.at_most("% of slots more than 100 ms off", summary.slots_over_100ms, 0);
        verdicts.at_most("from 3 h, % of rounds more than 100 ms off", cold[index(kind)].over_100ms, 0);
        verdicts.at_most("swaps a slot and day", summary.swaps.value, 0.06);
    }
    fmt::print("equal servers\n");
    verdicts.below("two for one place, % of rounds with a swap", equal_swaps(seed, 50, 2, 1, 200), 1);
    verdicts.below("six for one place, % of rounds with a swap", equal_swaps(seed, 50, 6, 1, 200), 1);
    verdicts.below("eight for four places, % of rounds with a swap", equal_swaps(seed, 50, 8, 4, 200), 1);
}

}  // namespace

int main(int argc, char** argv) {
    const int worlds = argc > 1 ? std::atoi(argv[1]) : 400;
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : kHeldOut;
    if (worlds < 1) return 2;
    fmt::print("{} rounds of 6 h a world, {} sources; intervals are 95 %\n", kRounds, kSources);
    Verdicts verdicts;
    judge_world(verdicts, worlds * 5 / 2);
    judge_ours(verdicts, worlds, seed);
    if (verdicts.failures() > 0) fmt::print("\n{} missed\n", verdicts.failures());
    return verdicts.failures() > 0 ? 1 : 0;
}
