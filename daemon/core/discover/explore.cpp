// Implementation of explore.hpp.
#include "daemon/core/discover/explore.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace ntpopt {
namespace {

constexpr double kRound_s = 6 * 3600.0;
// The prior of a bias's deviation, 0.3 ms with the weight of two rounds, as in SELECTION.md 4.5.
constexpr double kPriorDeviation_ms = 0.3;
constexpr double kPriorWeight = 2;

double age_of(double updated_s, double now_s) {
    return std::max(0.0, (now_s - updated_s) / kRound_s);
}

std::optional<double> index_of_pool(const PoolHistory& pool, int misses, double now_s) {
    if (pool.weight <= 0) return std::nullopt;
    const double mean = pool.error_sum_ms / pool.weight;
    const double variance = std::max(0.0, pool.error_sum2_ms2 / pool.weight - mean * mean);
    return explore_index(mean, std::sqrt(variance), misses, 0, age_of(pool.updated_s, now_s));
}

double index_of_server(const ServerHistory& server, int misses, double now_s) {
    const double variance =
        (server.spread_ms2 + kPriorWeight * kPriorDeviation_ms * kPriorDeviation_ms) / (server.weight + kPriorWeight);
    return explore_index(server.bias_ms, std::sqrt(variance), misses, server.conviction,
                         age_of(server.updated_s, now_s));
}

/// Nothing for a candidate that was never asked.
std::optional<double> index_of(const Candidate& candidate, const SelectionState& state, const KnownAddresses& known,
                               double now_s) {
    const auto name = candidate.endpoint.text();
    const auto penalty = state.penalties.find(name);
    const int misses = penalty == state.penalties.end() ? 0 : penalty->second.failures;
    if (const auto pool = state.pools.find(name); pool != state.pools.end())
        return index_of_pool(pool->second, misses, now_s);
    std::optional<double> best;
    const auto* literal = candidate.endpoint.host.address();
    std::vector<Address> addresses;
    if (literal)
        addresses.push_back(*literal);
    else
        addresses = known(candidate.endpoint.host);
    for (const auto& address : addresses) {
        const auto found = state.servers.find(Endpoint{address, candidate.endpoint.port}.text());
        if (found == state.servers.end()) continue;
        const auto index = index_of_server(found->second, misses, now_s);
        best = best ? std::min(*best, index) : index;
    }
    if (best || penalty == state.penalties.end()) return best;
    return explore_index(0, kPriorDeviation_ms, misses, 0, age_of(penalty->second.touched_s, now_s));
}

}  // namespace

double explore_index(double bias_ms, double deviation_ms, int misses, double conviction, double age) {
    return std::max(0.0, std::fabs(bias_ms) + 4 * misses + 20 * conviction - 1.5 * deviation_ms * std::sqrt(age));
}

std::vector<Candidate> order_to_ask(std::vector<Candidate> candidates, const SelectionState& state,
                                    const KnownAddresses& known, double now_s) {
    std::vector<Candidate> out;
    std::vector<Candidate> mine;
    std::vector<Candidate> fresh;
    std::vector<Candidate> strangers;
    std::vector<std::pair<double, Candidate>> seen;
    for (auto& candidate : candidates) {
        const bool incumbent = std::any_of(state.incumbents.begin(), state.incumbents.end(),
                                           [&](const Incumbent& held) { return held.endpoint == candidate.endpoint; });
        if (incumbent)
            out.push_back(std::move(candidate));
        else if (candidate.source == CandidateSource::configured)
            mine.push_back(std::move(candidate));
        else if (const auto index = index_of(candidate, state, known, now_s))
            seen.emplace_back(*index, std::move(candidate));
        else
            (candidate.source == CandidateSource::list ? strangers : fresh).push_back(std::move(candidate));
    }
    std::stable_sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::move(mine.begin(), mine.end(), std::back_inserter(out));
    std::move(fresh.begin(), fresh.end(), std::back_inserter(out));
    for (std::size_t i = 0; i < std::max(seen.size(), strangers.size()); ++i) {
        if (i < seen.size()) out.push_back(std::move(seen[i].second));
        if (i < strangers.size()) out.push_back(std::move(strangers[i]));
    }
    return out;
}

}  // namespace ntpopt
