// Silence: who is blamed for it, who stays although silent, and who takes the places of the silent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

const std::vector<std::string> kAll{"good1.test", "good2.test", "good3.test", "good4.test"};

/// Of these servers only the first so many answer.
std::vector<Server> hush(std::vector<Server> servers, std::size_t answering) {
    for (std::size_t i = answering; i < servers.size(); ++i)
        servers[i].answers = 0;
    return servers;
}

/// The servers to which a pool's name leads.
std::vector<Server> members(int count) {
    std::vector<Server> servers;
    for (int i = 1; i <= count; ++i)
        servers.push_back({.name = "pool.test", .address = fmt::format("127.3.{}.1", i), .delay_ms = 5, .pool = true});
    return servers;
}

struct Outage : testing::Test {
    Machine machine;

    void SetUp() override { ASSERT_THAT(names(machine.round(honest(4))), SizeIs(4)); }
    [[nodiscard]] std::vector<BlacklistEntry> blacklisted() const {
        return list_blacklist(machine.state, machine.context.time_s);
    }
};

TEST_F(Outage, SetSurvivesWhatOneServerAloneSays) {
    for (int i = 0; i < 8; ++i) {
        const auto decision = machine.round(hush(honest(9), 1));
        EXPECT_EQ(decision.outcome, Outcome::unchanged) << i;
        EXPECT_THAT(names(decision), UnorderedElementsAreArray(kAll)) << i;
    }
    EXPECT_THAT(blacklisted(), IsEmpty());
    const auto kept = machine.round(hush(honest(9), 1));
    EXPECT_EQ(find(kept, "good3.test")->verdict, Verdict::chosen);
    EXPECT_EQ(find(kept, "good3.test")->reason,
              "kept although no answer to 3 requests: nobody is there to take its place");

    auto servers = honest(9);
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged) << "all are back";
    servers[0].offset_ms = 5000;
    const auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::falseticker) << "it is not believed alone";
    EXPECT_THAT(names(decision), SizeIs(4));
    EXPECT_FALSE(chose(decision, "good1.test"));
}

TEST_F(Outage, SetSurvivesANetworkThatSaysItIsAway) {
    auto observations = observe(hush(honest(9), 1));
    for (std::size_t i = 1; i < observations.size(); ++i)
        observations[i].measurement.failure = "Network is unreachable";
    for (int i = 0; i < 5; ++i)
        EXPECT_THAT(names(machine.round(observations)), UnorderedElementsAreArray(kAll)) << i;
    EXPECT_THAT(blacklisted(), IsEmpty());
}

TEST_F(Outage, SeveralOfOneOwnerOrNetworkAreNoWitnessesEither) {
    auto servers = honest(6);
    servers[0].name = "a.good1.test";
    servers[1].name = "b.good1.test";  // elsewhere, but of the same owner
    auto neighbours = honest(6);
    neighbours[1].address = "127.1.1.2";
    for (const auto& those : {servers, neighbours}) {
        Machine fresh;
        for (int i = 0; i < 4; ++i)
            fresh.round(hush(those, 2));
        EXPECT_THAT(list_blacklist(fresh.state, fresh.context.time_s), IsEmpty());
        EXPECT_TRUE(fresh.state.penalties.empty());
    }
}

TEST_F(Outage, OneNameWithAnAddressDoesNotBlameTheOthers) {
    auto servers = honest(5);
    for (std::size_t i = 1; i < servers.size(); ++i)
        servers[i].address = "";
    Machine fresh;
    for (int i = 0; i < 4; ++i)
        fresh.round(servers);
    EXPECT_TRUE(fresh.state.penalties.empty());
    servers[1].address = "127.1.2.1";
    for (int i = 0; i < 3; ++i)
        fresh.round(servers);
    EXPECT_THAT(list_blacklist(fresh.state, fresh.context.time_s), SizeIs(3));
}

TEST_F(Outage, AddressesThatAreRememberedDoNotBlameNewNames) {
    const auto servers = with(hush(honest(9), 1), {{.name = "new.test", .address = ""}});
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    EXPECT_TRUE(machine.state.penalties.empty());
}

TEST_F(Outage, PoolIsOneName) {
    auto servers = members(4);
    servers.push_back({.name = "good1.test", .address = ""});
    Machine fresh;
    for (int i = 0; i < 4; ++i)
        fresh.round(servers);
    EXPECT_TRUE(fresh.state.penalties.empty());
}

TEST_F(Outage, PoolWhoseNameFailsNowAndThenIsNotBlacklisted) {
    const std::vector<Server> leads{{.name = "pool.test", .address = "127.3.1.1", .delay_ms = 300, .pool = true}};
    const std::vector<Server> fails{{.name = "pool.test", .address = "", .pool = true}};
    for (int i = 0; i < 4; ++i) {
        machine.round(with(honest(4), fails));
        EXPECT_EQ(machine.state.penalties.at("pool.test").failures, 1) << i;
        machine.round(with(honest(4), leads));
    }
    EXPECT_THAT(blacklisted(), IsEmpty());
}

TEST_F(Outage, SilentServerGoesWhenSomebodyTakesItsPlaceAndIsBlamedThen) {
    auto servers = honest(4);
    servers[3].answers = 0;
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged) << i;
    EXPECT_THAT(blacklisted(), IsEmpty()) << "it is asked, to know when it is back";
    servers.push_back(honest(5).back());
    EXPECT_THAT(names(machine.round(servers)),
                UnorderedElementsAre("good1.test", "good2.test", "good3.test", "good5.test"));
    machine.round(servers);
    EXPECT_THAT(blacklisted(), SizeIs(1));
    EXPECT_EQ(find(machine.round(servers), "good4.test")->verdict, Verdict::blacklisted);
}

TEST_F(Outage, SilentServerThatIsBackIsAsGoodAsBefore) {
    auto servers = honest(4);
    servers[3].answers = 0;
    for (int i = 0; i < 9; ++i)
        machine.round(servers);
    servers[3].answers = 3;
    for (int i = 0; i < 9; ++i)
        EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged) << i;
    EXPECT_EQ(find(machine.round(servers), "good4.test")->rank.has_value(), true);
    EXPECT_TRUE(machine.state.penalties.empty());
}

/// chronyd proves a change by two servers that answer, ntpd by as many as do not.
TEST_F(Outage, SetThatChangesKeepsOneSilentServerBesideTwoThatAnswer) {
    const auto servers = with(hush(honest(4), 1), {{.name = "new.test", .address = "127.2.1.1", .delay_ms = 5}});
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), SizeIs(3));
    EXPECT_THAT(names(decision), IsSupersetOf({"good1.test", "new.test"}));
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
}

TEST_F(Outage, WhereNothingKeepsTimeTheOneThatAnswersIsTakenAlone) {
    machine.context.synchronised = false;
    const auto decision =
        machine.round(with(hush(honest(4), 0), {{.name = "new.test", .address = "127.2.1.1", .delay_ms = 5}}));
    EXPECT_THAT(names(decision), UnorderedElementsAre("new.test"));
}

TEST_F(Outage, WhoAnswersWronglyOrIsBlacklistedByHandGoesAtOnce) {
    auto servers = hush(honest(4), 3);
    for (int i = 0; i < 3; ++i)
        machine.round(servers);
    const auto before = machine.state;
    servers[0].offset_ms = 300;
    servers[1].leap = 3;
    EXPECT_FALSE(chose(machine.round(with(servers, {honest(5).back(), honest(6).back()})), "good1.test"));
    machine.state = before;
    servers[0].offset_ms = 0;
    EXPECT_FALSE(chose(machine.round(servers), "good2.test"));
    machine.state = blacklist(before, "good4.test", kForever, machine.context.time_s);
    servers[1].leap = 0;
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), Not(Contains("good4.test")));
    EXPECT_EQ(find(decision, "good4.test")->verdict, Verdict::blacklisted);
}

TEST_F(Outage, HouseThatLosesTheTimeLeavesNoServerAlone) {
    const auto before = machine.state;
    auto servers = hush(honest(4), 2);
    const auto lose = [&](int way) {
        servers[1].leap = way == 0 ? 3 : 0;
        servers[1].root_dispersion_ms = way == 1 ? 1100 : 1;
        servers[1].reference_age_s = way == 2 ? 90000 : 30;
    };
    for (int way = 0; way < 3; ++way) {
        machine.state = before;
        lose(way);
        for (int i = 0; i < 5; ++i) {
            const auto decision = machine.round(servers);
            EXPECT_EQ(decision.outcome, Outcome::no_usable_servers) << way << i;
            EXPECT_THAT(names(decision), UnorderedElementsAreArray(kAll)) << way << i;
        }
        auto back = honest(4);
        back[0].offset_ms = 5000;
        EXPECT_EQ(find(machine.round(back), "good1.test")->verdict, Verdict::falseticker) << "it is not believed alone";
    }
    machine.state = before;
    const auto more = with(servers, {honest(5).back(), honest(6).back()});
    EXPECT_THAT(names(machine.round(more)), Contains("good5.test")) << "somebody takes the place";
    machine.state = blacklist(before, "good2.test", kForever, machine.context.time_s);
    EXPECT_FALSE(chose(machine.round(servers), "good2.test")) << "asked for by hand";
}

TEST_F(Outage, NetworkWhereAllNamesLeadToOneAddressLeavesNoServerAlone) {
    auto servers = hush(honest(4), 1);
    for (std::size_t i = 1; i < servers.size(); ++i)
        servers[i].address = "127.9.9.9";
    for (int i = 0; i < 5; ++i)
        EXPECT_THAT(names(machine.round(servers)), UnorderedElementsAreArray(kAll)) << i;
}

TEST_F(Outage, OneOfTwoIsNotLeftAlone) {
    machine.config.sources = 2;
    machine.state = {};
    machine.round(honest(2));
    for (int i = 0; i < 4; ++i) {
        const auto decision = machine.round(hush(honest(2), 1));
        EXPECT_EQ(decision.outcome, Outcome::unchanged);
        EXPECT_THAT(names(decision), UnorderedElementsAre("good1.test", "good2.test"));
    }
}

TEST_F(Outage, PoolThatAnswersTakesThePlaceOfTheSilent) {
    auto servers = with(honest(3), members(4));
    machine.state = {};
    machine.round(servers);
    ASSERT_THAT(machine.state.incumbents, SizeIs(4));
    servers[0].answers = 0;
    for (int i = 0; i < 3; ++i)
        machine.round(servers);
    EXPECT_THAT(machine.state.incumbents, SizeIs(3));
    for (const auto& incumbent : machine.state.incumbents)
        EXPECT_EQ(incumbent.maxsources, incumbent.pool ? 2 : 0);
}

TEST_F(Outage, IsNotHeldAgainstAPool) {
    auto servers = with(honest(3), members(4));
    machine.state = {};
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    ASSERT_THAT(machine.state.incumbents, SizeIs(4));
    servers = with(servers, {honest(4).back()});
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(machine.round(hush(servers, 1)).outcome, Outcome::unchanged) << i;
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::unchanged) << find(decision, "pool.test")->reason;
    EXPECT_TRUE(chose(decision, "pool.test"));
}

TEST_F(Outage, PoolWhoseMembersAreBlacklistedStaysUntilSomebodyTakesItsPlace) {
    auto servers = with(honest(2), members(2));
    machine.state = {};
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    ASSERT_THAT(machine.state.incumbents, SizeIs(3));
    servers = hush(servers, 2);
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged) << i;
    EXPECT_EQ(find(machine.round(servers), "pool.test")->reason.substr(0, 13), "kept although");
    const auto before = machine.state;
    machine.state = blacklist(before, "127.3.1.1", kForever, machine.context.time_s);
    EXPECT_FALSE(chose(machine.round(servers), "pool.test")) << "asked for by hand";
    machine.state = before;
    EXPECT_FALSE(chose(machine.round(with(servers, {honest(3).back(), honest(4).back()})), "pool.test"));
}

TEST_F(Outage, FoundServerThatFailedBeforeIsNotDroppedForNothing) {
    Machine fresh;
    fresh.context.current = current({"good1.test", "good2.test", "good3.test"});
    const double now_s = fresh.context.time_s;
    for (const auto* name : {"good2.test", "good3.test"})
        fresh.state.penalties[name] = {
            .failures = 3, .times = 1, .blacklisted_until_s = now_s + 9e5, .touched_s = now_s};
    auto servers = hush(honest(3), 1);
    servers[1].probed = servers[2].probed = false;
    const auto decision = fresh.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::unchanged);
    EXPECT_THAT(names(decision), SizeIs(3));
}

}  // namespace
}  // namespace ntpopt
