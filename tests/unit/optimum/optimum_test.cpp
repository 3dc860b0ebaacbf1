// The set is built greedily. Against every subset of small random instances: it is the best set by the objective that
// choose.cpp states, and by the sum of scores it loses no more than the bound that is stated there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "daemon/core/select/trial.hpp"
#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using namespace world;

constexpr int kMostCandidates = 12;

/// Up to twelve names. Operator and network are one thing here, so a server's group is its operator.
std::vector<Server> random_instance(Dice& dice, bool upstreams) {
    std::vector<Server> out;
    const int count = dice.roll(3, kMostCandidates);
    const bool pool = dice.chance(0.3);
    for (int i = 1; i <= count; ++i) {
        const int network = dice.roll(1, 8);
        Server server{.name = fmt::format("s{}.op{}.test", i, network),
                      .address = fmt::format("127.3.{}.{}", network, i),
                      .offset_ms = dice.draw(-0.3, 0.3),
                      .delay_ms = dice.draw(1, 15),
                      .jitter_ms = dice.draw(0, 3),
                      .stratum = dice.roll(1, 3)};
        if (upstreams && dice.chance(0.5)) server.refid = 0xc0000200U + static_cast<std::uint32_t>(dice.roll(0, 3));
        if (pool && i <= 2) {
            server.pool = true;
            server.name = "pool.test";
            server.address = fmt::format("127.4.{}.1", i);
        }
        out.push_back(server);
    }
    return out;
}

/// A name that may be chosen, in the order in which it is preferred.
struct Eligible {
    std::string name;
    std::string group;
    bool pool = false;
    bool gated = false;
    double score = 0;
    double error_ms = 0;
    std::optional<std::uint32_t> upstream = std::nullopt;
};

std::vector<Eligible> find_eligible(const Decision& decision, const std::vector<Server>& servers) {
    std::vector<Eligible> out;
    for (const auto& row : decision.servers) {
        if (row.pool && row.address) continue;  // a member; the pool has a row of its own
        if (!row.rank && row.verdict != Verdict::inaccurate && row.verdict != Verdict::chosen) continue;
        Eligible one{.name = row.name,
                     .group = row.group,
                     .pool = row.pool,
                     .gated = row.rank.has_value(),
                     .score = row.score.value_or(0),
                     .error_ms = row.error_ms.value_or(0)};
        for (const auto& server : servers)
            if (server.name == row.name && server.stratum >= 2 && !row.pool) one.upstream = server.refid;
        out.push_back(one);
    }
    // Rows come by rank; those behind no gate follow by expected error.
    std::stable_sort(out.begin(), out.end(), [](const Eligible& a, const Eligible& b) {
        if (a.gated != b.gated) return a.gated;
        return !a.gated && a.error_ms < b.error_ms;
    });
    return out;
}

bool may_stand_together(const Eligible& a, const Eligible& b) {
    if (a.pool && b.pool) return false;
    return a.pool || b.pool || !a.upstream || a.upstream != b.upstream;
}

using Set = std::vector<std::size_t>;  // places in the order of preference, ascending

bool is_allowed(const std::vector<Eligible>& eligible, const Set& set, int sources) {
    if (set.size() > static_cast<std::size_t>(sources)) return false;
    for (const auto i : set) {
        int of_group = 0;
        for (const auto j : set) {
            if (i < j && !may_stand_together(eligible[i], eligible[j])) return false;
            if (!eligible[i].pool && !eligible[j].pool && eligible[i].group == eligible[j].group) ++of_group;
        }
        if (of_group > group_cap(sources)) return false;
    }
    return true;
}

template <typename Visit>
void for_each_allowed(const std::vector<Eligible>& eligible, int sources, Visit visit) {
    for (std::uint32_t bits = 0; bits < 1U << eligible.size(); ++bits) {
        if (std::popcount(bits) > sources) continue;
        Set set;
        for (std::size_t i = 0; i < eligible.size(); ++i)
            if ((bits >> i & 1U) != 0) set.push_back(i);
        if (is_allowed(eligible, set, sources)) visit(set);
    }
}

/// The objective: the best-preferred place first, then the next; a set that goes on where another ends is better.
bool is_better(const Set& a, const Set& b) {
    const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (at_a == a.end() || at_b == b.end()) return at_b == b.end() && at_a != a.end();
    return *at_a < *at_b;
}

double sum_of_scores(const std::vector<Eligible>& eligible, const Set& set) {
    double sum = 0;
    for (const auto i : set)
        sum += eligible[i].gated ? eligible[i].score : 0;
    return sum;
}

std::set<std::string> names_of(const std::vector<Eligible>& eligible, const Set& set) {
    std::set<std::string> out;
    for (const auto i : set)
        out.insert(eligible[i].name);
    return out;
}

struct FirstChoice {
    std::vector<Eligible> eligible;
    std::set<std::string> chosen;
    int sources = 0;
};

FirstChoice choose_first(Dice& dice, bool upstreams) {
    Machine machine;
    machine.context.synchronised = false;
    machine.config.sources = dice.roll(1, 5);
    const auto servers = random_instance(dice, upstreams);
    const auto decision = machine.round(servers);
    FirstChoice out{find_eligible(decision, servers), {}, machine.config.sources};
    if (decision.outcome != Outcome::would_apply) return {};
    for (const auto& choice : decision.selected)
        out.chosen.insert(choice.endpoint.text());
    return out;
}

TEST(Optimum, FirstSetIsTheBestByItsObjective) {
    int sets = 0;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        Dice dice(seed);
        const auto first = choose_first(dice, seed % 2 == 0);
        if (first.chosen.empty()) continue;
        Set best;
        for_each_allowed(first.eligible, first.sources, [&](const Set& set) {
            if (is_better(set, best)) best = set;
        });
        EXPECT_EQ(first.chosen, names_of(first.eligible, best)) << "seed " << seed;
        ++sets;
    }
    EXPECT_GT(sets, 400);
}

TEST(Optimum, GreatestSumOfScoresWhereOnlyGroupsBindElseAtLeastHalf) {
    int bound = 0;
    double least = 1;
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        Dice dice(seed);
        const bool upstreams = seed % 2 == 0;
        const auto first = choose_first(dice, upstreams);
        if (first.chosen.empty()) continue;
        double greatest = 0;
        for_each_allowed(first.eligible, first.sources,
                         [&](const Set& set) { greatest = std::max(greatest, sum_of_scores(first.eligible, set)); });
        Set chosen;
        for (std::size_t i = 0; i < first.eligible.size(); ++i)
            if (first.chosen.contains(first.eligible[i].name)) chosen.push_back(i);
        const double sum = sum_of_scores(first.eligible, chosen);
        if (upstreams) {
            EXPECT_GE(sum, greatest / 2) << "seed " << seed;
            least = std::min(least, greatest > 0 ? sum / greatest : 1);
            bound += sum < greatest - 1e-9 ? 1 : 0;
        } else {
            EXPECT_NEAR(sum, greatest, 1e-9) << "seed " << seed;
        }
    }
    EXPECT_GT(bound, 0) << "no instance in which the bound has anything to do";
    RecordProperty("least_share", fmt::format("{:.3f}", least));
}

TEST(Optimum, VoluntarySwapIsTheBestOfAllAllowed) {
    int swaps = 0;
    int stays = 0;
    for (std::uint64_t seed = 1; seed <= 900; ++seed) {
        Dice dice(seed);
        Machine machine;
        machine.config.sources = dice.roll(2, 5);
        machine.config.hysteresis = 0.02;
        machine.context.pools = false;
        auto servers = random_instance(dice, true);
        std::erase_if(servers, [](const Server& server) { return server.pool; });
        for (auto& server : servers)
            server.stratum = 2;
        for (int round = 0; round < 3; ++round)
            machine.round(servers);
        const auto before = machine.state.incumbents;
        if (before.size() != static_cast<std::size_t>(machine.config.sources)) continue;
        for (auto& server : servers)
            server.jitter_ms = dice.draw(0, 6);
        const auto decision = machine.round(servers);
        const auto eligible = find_eligible(decision, servers);
        Set standing;
        for (std::size_t i = 0; i < eligible.size(); ++i)
            if (eligible[i].gated && std::any_of(before.begin(), before.end(), [&](const Incumbent& incumbent) {
                    return incumbent.endpoint.text() == eligible[i].name;
                }))
                standing.push_back(i);
        // Only rounds in which nothing has to change, and all have stood long enough.
        if (standing.size() != before.size() || decision.confidence < Confidence::medium ||
            std::any_of(before.begin(), before.end(), [](const Incumbent& incumbent) { return incumbent.held < 1; }))
            continue;
        // Of all pairs that the rules allow: the best newcomer, and of those it may replace the worst.
        Set best = standing;
        std::size_t best_newcomer = std::numeric_limits<std::size_t>::max();
        for (std::size_t in = 0; in < eligible.size(); ++in) {
            if (!eligible[in].gated || std::find(standing.begin(), standing.end(), in) != standing.end()) continue;
            for (const auto out : standing) {
                if (eligible[in].score < (1 + machine.config.hysteresis) * eligible[out].score) continue;
                Set set = standing;
                std::erase(set, out);
                set.push_back(in);
                std::sort(set.begin(), set.end());
                if (!is_allowed(eligible, set, machine.config.sources)) continue;
                if (in > best_newcomer || (in == best_newcomer && !is_better(set, best))) continue;
                best = set;
                best_newcomer = in;
            }
        }
        std::set<std::string> chosen;
        for (const auto& choice : decision.selected)
            chosen.insert(choice.endpoint.text());
        EXPECT_EQ(chosen, names_of(eligible, best)) << "seed " << seed;
        (best == standing ? stays : swaps) += 1;
    }
    EXPECT_GT(swaps, 30);
    EXPECT_GT(stays, 30);
}

}  // namespace
}  // namespace ntpopt
