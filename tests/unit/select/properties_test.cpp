// What must hold in every world, tried in ten thousand random ones over a few rounds each, with fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "common/text.hpp"
#include "daemon/core/select/identity.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"
#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using namespace world;

constexpr int kWorlds = 10000;
constexpr int kMostServers = 16;

/// A machine that has already lived through some rounds.
Machine settled(Dice& dice, int most_rounds = 2) {
    Machine machine;
    machine.config = random_config(dice);
    machine.context.current = random_current(dice);
    machine.context.synchronised = dice.chance(0.7);
    machine.context.leap_window = dice.chance(0.1);
    const int rounds = dice.roll(0, most_rounds);
    for (int i = 0; i < rounds; ++i)
        machine.round(random_servers(dice, kMostServers), dice.chance(0.9));
    return machine;
}

/// Everything that a decision says, but for the figures in which rounding may show.
std::string fingerprint(const Decision& decision) {
    std::string out = fmt::format("{} {};", name_of(decision.outcome), name_of(decision.confidence));
    for (const auto& choice : decision.selected)
        out += fmt::format(" {}{}", choice.endpoint.text(), choice.maxsources);
    std::vector<std::string> servers;
    for (const auto& server : decision.servers)
        servers.push_back(fmt::format("\n{} {} {} {} {:.3f}", server.name,
                                      server.address ? server.address->text() : "-", server.rank.value_or(0),
                                      name_of(server.verdict), server.score.value_or(-1)));
    std::sort(servers.begin(), servers.end());
    for (const auto& server : servers)
        out += server;
    return out;
}

TEST(Properties, AddingAConstantToAllOffsetsChangesNothing) {
    for (int seed = 0; seed < kWorlds; ++seed) {
        Dice dice(static_cast<std::uint64_t>(seed));
        auto machine = settled(dice);
        auto observations = observe(random_servers(dice, kMostServers));
        const auto before = decide(observations, machine.state, machine.config, machine.context);
        // Multiples of a power of two keep the offsets exact, so that no comparison turns on a rounded digit.
        const double shift = std::ldexp(dice.roll(-1000000, 1000000), -4);
        for (auto& observation : observations)
            for (auto& sample : observation.measurement.samples)
                if (sample) sample->offset_s += shift;
        const auto after = decide(observations, machine.state, machine.config, machine.context);
        ASSERT_EQ(fingerprint(before.decision), fingerprint(after.decision)) << "seed " << seed << " shift " << shift;
    }
}

TEST(Properties, OrderOfCandidatesChangesNothing) {
    for (int seed = 0; seed < kWorlds; ++seed) {
        Dice dice(static_cast<std::uint64_t>(seed));
        auto machine = settled(dice);
        auto servers = random_servers(dice, kMostServers);
        const auto before = decide(observe(servers), machine.state, machine.config, machine.context);
        std::shuffle(servers.begin(), servers.end(), dice.engine());
        const auto after = decide(observe(servers), machine.state, machine.config, machine.context);
        ASSERT_EQ(fingerprint(before.decision), fingerprint(after.decision)) << "seed " << seed;
        ASSERT_EQ(before.next, after.next) << "seed " << seed;
    }
}

TEST(Properties, DuplicatedAliasChangesNoVote) {
    for (int seed = 0; seed < kWorlds; ++seed) {
        Dice dice(static_cast<std::uint64_t>(seed));
        Machine machine;
        machine.config.sources = dice.roll(3, 6);
        // One server an operator, and one or two a network: what is duplicated is known.
        std::vector<Server> servers;
        const int count = dice.roll(3, 12);
        for (int i = 0; i < count; ++i) {
            auto server = random_server(dice);
            server.name = fmt::format("s.op{}.test", i);
            const bool beside = i > 0 && servers.back().address.ends_with(".1") && dice.chance(0.3);
            server.address = beside ? fmt::format("127.3.{}.2", i - 1) : fmt::format("127.3.{}.1", i);
            server.operator_name = "";
            server.pool = false;
            servers.push_back(server);
        }
        const auto before = decide(observe(servers), machine.state, machine.config, machine.context).decision;
        auto alias = servers[static_cast<std::size_t>(dice.roll(0, count - 1))];
        const auto network = alias.address.substr(0, alias.address.size() - 1);
        const bool alone = std::count_if(servers.begin(), servers.end(), [&](const Server& server) {
                               return server.address.starts_with(network);
                           }) == 1;
        const int kind = dice.roll(0, alone ? 5 : 4);
        if (kind == 0) alias.address = "2001:db8:99::1";              // dual stack
        if (kind == 1) alias.name = "alias." + alias.name.substr(2);  // a second name of the operator
        if (kind == 2) alias.name = "elsewhere.example";              // another name for the same address
        if (kind == 3) alias.sources_port = 1123;
        if (kind == 4) {  // somebody's name for two of them
            alias.name = "elsewhere.example";
            servers.push_back(servers[static_cast<std::size_t>(dice.roll(0, count - 1))]);
            servers.back().name = alias.name;
        }
        if (kind == 5) alias.name = alias.address = network + "77";  // next door
        servers.push_back(alias);
        const auto after = decide(observe(servers), machine.state, machine.config, machine.context).decision;
        ASSERT_NEAR(before.consensus.electorate, after.consensus.electorate, 1e-9)
            << "seed " << seed << " kind " << kind;
        ASSERT_EQ(before.consensus.found, after.consensus.found) << "seed " << seed << " kind " << kind;
        ASSERT_NEAR(before.consensus.votes, after.consensus.votes, 1e-6) << "seed " << seed << " kind " << kind;
        // Nor does one host count twice where the accuracy of the best is asked for.
        if (kind >= 1 && kind <= 3 && before.consensus.found) {
            ASSERT_NEAR(*before.consensus.gate_ms, *after.consensus.gate_ms, 1e-9)
                << "seed " << seed << " kind " << kind;
        }
    }
}

/// Whom a name may be counted with, told without the code that counts: operator, else domain, and network.
std::set<std::string> find_keepers(const Endpoint& endpoint, const std::vector<Observation>& observations) {
    std::set<std::string> out;
    for (const auto& one : observations) {
        if (one.candidate.endpoint != endpoint || one.candidate.pool) continue;
        if (!one.candidate.operator_name.empty())
            out.insert("operator " + to_lower(one.candidate.operator_name));
        else if (const auto* name = endpoint.host.name())
            out.insert("domain " + registrable_domain(name->text()));
        if (!one.address) continue;
        auto octets = one.address->octets();
        out.insert("network " + std::string(octets.begin(), octets.begin() + (one.address->is_v4() ? 3 : 6)));
    }
    return out;
}

/// The constraints that no applied set may break.
void expect_lawful(const Decision& decision, const Machine& machine, const std::vector<Observation>& observations,
                   int seed) {
    std::map<std::string, int> of_keeper;
    int slots = 0;
    int pools = 0;
    std::set<Endpoint> once;
    for (const auto& choice : decision.selected) {
        ASSERT_TRUE(once.insert(choice.endpoint).second) << "seed " << seed;
        ASSERT_TRUE(fits_timescale(choice.timescale, machine.config.timescale, machine.context.leap_window))
            << "seed " << seed;
        slots += choice.pool && machine.context.pools ? choice.maxsources : 1;
        pools += choice.pool ? 1 : 0;
        if (choice.pool) continue;
        for (const auto& keeper : find_keepers(choice.endpoint, observations))
            ++of_keeper[keeper];
    }
    ASSERT_LE(slots, machine.config.sources) << "seed " << seed;
    ASSERT_LE(pools, 1) << "seed " << seed;
    for (const auto& [keeper, count] : of_keeper)
        ASSERT_LE(count, group_cap(machine.config.sources)) << "seed " << seed << ' ' << keeper;
}

TEST(Properties, NoSetBreaksACapOrMixesTimescalesAndNoneIsEmptyWhileIncumbentsStand) {
    std::map<Outcome, int> outcomes;
    for (int seed = 0; seed < kWorlds; ++seed) {
        Dice dice(static_cast<std::uint64_t>(seed));
        Machine machine;
        machine.config = random_config(dice);
        machine.context.current = random_current(dice);
        for (int round = 0; round < 3; ++round) {
            machine.context.synchronised = dice.chance(0.7);
            machine.context.leap_window = dice.chance(0.1);
            const auto observations = observe(random_servers(dice, kMostServers));
            const auto result = decide(observations, machine.state, machine.config, machine.context);
            const auto& decision = result.decision;
            ++outcomes[decision.outcome];
            if (!machine.state.incumbents.empty() || !machine.context.current.empty()) {
                ASSERT_FALSE(decision.selected.empty()) << "seed " << seed;
            }
            if (decision.outcome == Outcome::would_apply) expect_lawful(decision, machine, observations, seed);
            ASSERT_EQ(decision.outcome == Outcome::would_apply, !result.next.proposed.empty()) << "seed " << seed;
            ASSERT_EQ(decision.outcome == Outcome::no_consensus || decision.outcome == Outcome::no_usable_servers,
                      decision.outcome != Outcome::would_apply && decision.outcome != Outcome::unchanged &&
                          decision.outcome != Outcome::refused);
            for (const auto& server : decision.servers) {
                ASSERT_FALSE(server.reason.empty())
                    << "seed " << seed << ' ' << server.name << ' ' << name_of(server.verdict);
                ASSERT_TRUE(!server.score || (*server.score >= 0 && *server.score <= 100)) << "seed " << seed;
                ASSERT_TRUE(!server.error_ms || std::isfinite(*server.error_ms)) << "seed " << seed;
            }
            machine.state = commit(result.next, decision.outcome == Outcome::would_apply && dice.chance(0.9));
            machine.context.time_s += dice.draw(3600, 86400);
        }
    }
    // The worlds are worth something only if they lead everywhere.
    for (const auto outcome :
         {Outcome::would_apply, Outcome::unchanged, Outcome::no_consensus, Outcome::no_usable_servers})
        EXPECT_GT(outcomes[outcome], kWorlds / 50) << name_of(outcome);
}

TEST(Properties, NumbersThatAreNoneAreRejected) {
    const double poison[] = {std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, -HUGE_VAL, -1, 1e300, -1e300};
    for (int seed = 0; seed < kWorlds; ++seed) {
        Dice dice(static_cast<std::uint64_t>(seed));
        Machine machine;
        auto observations = observe(honest(5));
        const auto clean = decide(observations, machine.state, machine.config, machine.context).decision;
        auto bad = observe(Server{.name = "bad.test", .address = "127.8.1.1", .reference_age_s = 1});
        const double number = poison[dice.roll(0, 5)];
        const int place = dice.roll(0, 5);
        for (auto& sample : bad.measurement.samples) {
            if (place == 0) sample->delay_s = number == 1e300 ? HUGE_VAL : number;
            if (place == 1) sample->offset_s = number == -1 ? HUGE_VAL : number;
        }
        auto& header = *bad.measurement.header;
        if (place == 2) header.root_delay_s = number;
        if (place == 3) header.root_dispersion_s = number;
        if (place == 4) header.reference_age_s = number;
        if (place == 5) header.stratum = dice.chance(0.5) ? dice.roll(-1000000, 0) : dice.roll(16, 1000000);
        observations.push_back(bad);
        const auto result = decide(observations, machine.state, machine.config, machine.context);
        ASSERT_EQ(names(result.decision), names(clean)) << "seed " << seed;
        const auto verdict = find(result.decision, "bad.test")->verdict;
        ASSERT_TRUE(verdict == Verdict::bad_reply || verdict == Verdict::too_distant || verdict == Verdict::stale ||
                    verdict == Verdict::unsynchronised)
            << "seed " << seed << ' ' << name_of(verdict);
    }
}

}  // namespace
}  // namespace ntpopt
