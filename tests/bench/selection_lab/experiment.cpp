// Implementation of experiment.hpp.
#include "tests/bench/selection_lab/experiment.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <numeric>
#include <thread>

namespace ntpopt::lab {
namespace {

constexpr double kMostError_ms = 1000;
constexpr double kFirstError_ms = 3;
constexpr double kStart_s = 1.8e9;
constexpr int kResamples = 400;

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Draws worlds with replacement, again and again; `figure` gets how often each counts.
Interval bootstrap(std::size_t worlds, const std::function<double(const std::vector<double>&)>& figure) {
    Interval out{.value = figure(std::vector<double>(worlds, 1))};
    Dice dice(20260101);
    std::vector<double> drawn;
    for (int i = 0; i < kResamples; ++i) {
        std::vector<double> counts(worlds, 0);
        for (std::size_t k = 0; k < worlds; ++k)
            counts[dice.below(worlds)] += 1;
        drawn.push_back(figure(counts));
    }
    std::sort(drawn.begin(), drawn.end());
    out.low = drawn[kResamples / 40];
    out.high = drawn[kResamples - 1 - kResamples / 40];
    return out;
}

double quantile(std::vector<double>& values, double share) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// Servers that are new among those followed by name. The pool is one name, whatever members it gives.
int count_swaps(const Wish& before, const Wish& now) {
    int out = std::max(0, now.pool_members > 0 && before.pool_members == 0 ? 1 : 0);
    for (const auto i : now.servers)
        if (std::find(before.servers.begin(), before.servers.end(), i) == before.servers.end()) ++out;
    return out;
}

}  // namespace

Course run_world(const World& world, StrategyKind strategy, const Setting& setting) {
    Dice dice = Dice(world.seed).fork(1000);
    const double first_ms = dice.normal(kFirstError_ms);
    double clock_ms = setting.clock_ms != 0 ? setting.clock_ms : first_ms;
    bool synchronised = setting.clock_ms == 0;
    PoolLine pool(world, dice.fork(1));
    const auto chooser = make_strategy(strategy, setting.sources, setting.client);
    Course out;
    Wish before;
    double time_s = kStart_s;
    for (const auto& round : world.rounds) {
        const auto wish = chooser->choose({world, round, time_s, clock_ms, synchronised});
        auto sources = wish.servers;
        const auto members = pool.members(round, sources, wish.pool_members);
        sources.insert(sources.end(), members.begin(), members.end());
        const auto followed = follow(setting.client, round, sources);
        synchronised = followed.has_value();
        clock_ms = followed.value_or(clock_ms);
        out.errors_ms.push_back(std::min(std::abs(clock_ms), kMostError_ms));
        for (const auto i : sources) {
            const double error_ms = round.seen[i].reachable ? std::abs(round.seen[i].error_ms) : 0;
            ++out.slots;
            out.slots_over_10ms += error_ms > 10 ? 1 : 0;
            out.slots_over_100ms += error_ms > 100 ? 1 : 0;
        }
        if (&round != &world.rounds.front()) {
            const int swaps = count_swaps(before, wish);
            out.swaps += swaps;
            out.swap_rounds += swaps > 0 ? 1 : 0;
        }
        before = wish;
        time_s += kRound_s;
    }
    return out;
}

Results run_worlds(std::uint64_t first_seed, int worlds, const Setting& setting, int threads) {
    Results results;
    for (auto& outcomes : results)
        outcomes.resize(static_cast<std::size_t>(worlds));
    std::atomic<int> next{0};
    const auto work = [&] {
        for (int i = next++; i < worlds; i = next++) {
            const auto world = make_world(first_seed + static_cast<std::uint64_t>(i));
            for (std::size_t s = 0; s < kStrategyCount; ++s)
                results[s][static_cast<std::size_t>(i)] = run_world(world, kStrategies[s], setting);
        }
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i)
        others.emplace_back(work);
    work();
    others.clear();
    return results;
}

Summary summarise_outcomes(const std::vector<Course>& outcomes, int sources) {
    Summary out;
    std::vector<double> errors;
    std::vector<double> swaps;
    double slots = 0;
    for (const auto& outcome : outcomes) {
        errors.insert(errors.end(), outcome.errors_ms.begin(), outcome.errors_ms.end());
        const double days = static_cast<double>(outcome.errors_ms.size() - 1) * kRound_s / 86400;
        swaps.push_back(outcome.swaps / (days * sources));
        slots += outcome.slots;
        out.slots_over_10ms += outcome.slots_over_10ms;
        out.slots_over_100ms += outcome.slots_over_100ms;
    }
    out.slots_over_10ms *= 100 / slots;
    out.slots_over_100ms *= 100 / slots;
    const auto bad = std::count_if(errors.begin(), errors.end(), [](double error) { return error > 100; });
    out.over_100ms = 100 * static_cast<double>(bad) / static_cast<double>(errors.size());
    out.p95_ms = quantile(errors, 0.95);
    out.p99_ms = quantile(errors, 0.99);
    out.mean_ms = bootstrap(outcomes.size(), [&](const std::vector<double>& counts) {
        double total = 0;
        double count = 0;
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            total += counts[i] * sum(outcomes[i].errors_ms);
            count += counts[i] * static_cast<double>(outcomes[i].errors_ms.size());
        }
        return total / count;
    });
    out.swaps = bootstrap(outcomes.size(), [&](const std::vector<double>& counts) {
        return std::inner_product(counts.begin(), counts.end(), swaps.begin(), 0.0) / sum(counts);
    });
    return out;
}

Interval ratio_of_means(const std::vector<Course>& a, const std::vector<Course>& b) {
    return bootstrap(a.size(), [&](const std::vector<double>& counts) {
        double of_a = 0;
        double of_b = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
            of_a += counts[i] * sum(a[i].errors_ms);
            of_b += counts[i] * sum(b[i].errors_ms);
        }
        return of_a / of_b;
    });
}

double equal_swaps(std::uint64_t first_seed, int worlds, int servers, int sources, int rounds) {
    int swapped = 0;
    for (int i = 0; i < worlds; ++i) {
        const auto world = make_equal_world(first_seed + static_cast<std::uint64_t>(i), servers, rounds);
        swapped += run_world(world, StrategyKind::ours, {.sources = sources}).swap_rounds;
    }
    return 100.0 * swapped / (static_cast<double>(worlds) * (rounds - 1));
}

}  // namespace ntpopt::lab
