// Implementation of client.hpp.
#include "tests/bench/selection_lab/client.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt::lab {
namespace {

constexpr double kStratumWeight_ms = 1;  // chronyd's default of stratumweight
constexpr double kCombineLimit = 3;      // and of combinelimit
constexpr double kPoolAccepts_ms = 100;  // the pool's monitors keep a member that is less wrong than this
constexpr int kReplacements = 3;         // of bad pool members, tried in a round

std::vector<std::size_t> reachable(const Round& round, const std::vector<std::size_t>& sources) {
    std::vector<std::size_t> out;
    std::copy_if(sources.begin(), sources.end(), std::back_inserter(out),
                 [&](std::size_t i) { return round.seen[i].reachable; });
    return out;
}

std::optional<double> combine(const Round& round, const std::vector<std::size_t>& sources) {
    const auto good = find_truechimers(round, sources);
    if (good.empty()) return std::nullopt;
    int least = 16;
    for (const auto i : good)
        least = std::min(least, round.seen[i].header ? round.seen[i].header->stratum : 16);
    const auto rank = [&](std::size_t i) {
        const int stratum = round.seen[i].header ? round.seen[i].header->stratum : 16;
        return round.seen[i].distance_ms + (stratum - least) * kStratumWeight_ms;
    };
    const auto best =
        *std::min_element(good.begin(), good.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    double sum = 0;
    double weights = 0;
    for (const auto i : good) {
        if (rank(i) > kCombineLimit * rank(best)) continue;
        sum += round.seen[i].followed_ms / round.seen[i].distance_ms;
        weights += 1 / round.seen[i].distance_ms;
    }
    return sum / weights;
}

}  // namespace

std::vector<std::size_t> find_truechimers(const Round& round, const std::vector<std::size_t>& sources) {
    const auto asked = reachable(round, sources);
    std::size_t depth = 0;
    double low = 0;
    double high = 0;
    // The deepest interval begins where some interval begins.
    for (const auto i : asked) {
        const double at = round.seen[i].followed_ms - round.seen[i].distance_ms;
        std::size_t here = 0;
        double end = HUGE_VAL;
        for (const auto j : asked) {
            const auto& other = round.seen[j];
            if (other.followed_ms - other.distance_ms > at || other.followed_ms + other.distance_ms < at) continue;
            ++here;
            end = std::min(end, other.followed_ms + other.distance_ms);
        }
        if (here <= depth) continue;
        depth = here;
        low = at;
        high = end;
    }
    std::vector<std::size_t> out;
    if (2 * depth <= asked.size()) return out;
    for (const auto i : asked) {
        const auto& seen = round.seen[i];
        if (seen.followed_ms - seen.distance_ms <= low && seen.followed_ms + seen.distance_ms >= high) out.push_back(i);
    }
    return out;
}

std::optional<double> follow(ClientKind client, const Round& round, const std::vector<std::size_t>& sources) {
    if (client == ClientKind::chrony_like) return combine(round, sources);
    const auto asked = reachable(round, sources);
    if (asked.empty()) return std::nullopt;
    return round.seen[asked.front()].followed_ms;
}

PoolLine::PoolLine(const World& world, Dice dice) : dice_(dice) {
    for (std::size_t i = 0; i < world.servers.size(); ++i)
        if (world.servers[i].kind == Kind::volunteer) volunteers_.push_back(i);
}

std::vector<std::size_t> PoolLine::members(const Round& round, const std::vector<std::size_t>& others, int count) {
    const auto wanted = static_cast<std::size_t>(std::max(count, 0));
    members_.resize(std::min(members_.size(), wanted));
    for (int i = 0; i < kReplacements; ++i) {
        refill(round, wanted);
        drop(round, others);
    }
    refill(round, wanted);
    return members_;
}

void PoolLine::drop(const Round& round, const std::vector<std::size_t>& others) {
    auto all = members_;
    all.insert(all.end(), others.begin(), others.end());
    const auto good = find_truechimers(round, all);
    std::erase_if(members_, [&](std::size_t i) {
        const bool outvoted = !good.empty() && std::find(good.begin(), good.end(), i) == good.end();
        return !round.seen[i].reachable || outvoted;
    });
}

void PoolLine::refill(const Round& round, std::size_t count) {
    std::vector<std::size_t> offered;
    for (const auto i : volunteers_)
        if (round.seen[i].reachable && std::abs(round.seen[i].error_ms) < kPoolAccepts_ms &&
            std::find(members_.begin(), members_.end(), i) == members_.end())
            offered.push_back(i);
    while (members_.size() < count && !offered.empty()) {
        const auto at = offered.begin() + static_cast<std::ptrdiff_t>(dice_.below(offered.size()));
        members_.push_back(*at);
        offered.erase(at);
    }
}

}  // namespace ntpopt::lab
