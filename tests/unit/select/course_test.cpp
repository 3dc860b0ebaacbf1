// The course of things over rounds: first choice, hysteresis, dwell, silence, doubt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/select/trial.hpp"
#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(Course, FirstChoiceReplacesWhatWasFound) {
    Machine machine;
    machine.context.current = current({"old.test"});
    const auto servers =
        with(honest(5), {{.name = "old.test", .address = "127.8.1.1", .offset_ms = 2, .delay_ms = 60, .jitter_ms = 3}});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), UnorderedElementsAre("good1.test", "good2.test", "good3.test", "good4.test"));
    EXPECT_THAT(decision.reason, HasSubstr("gone: old.test"));
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    EXPECT_THAT(machine.state.incumbents, SizeIs(4));
}

TEST(Course, WhatWasFoundAndIsBestBecomesOurs) {
    Machine machine;
    machine.context.current = current({"good1.test", "good2.test", "good3.test", "good4.test"});
    EXPECT_EQ(machine.round(honest(4)).outcome, Outcome::unchanged);
    EXPECT_THAT(machine.state.incumbents, SizeIs(4));
}

TEST(Course, SelectedIsOrderedByExpectedErrorAndRanksAreByScore) {
    Machine machine;
    const auto decision = machine.round(honest(6));
    for (std::size_t i = 1; i < decision.selected.size(); ++i)
        EXPECT_LE(decision.selected[i - 1].error_s, decision.selected[i].error_s);
    double last = 101;
    int rank = 0;
    for (const auto& server : decision.servers) {
        if (!server.rank) break;
        EXPECT_EQ(*server.rank, ++rank);
        EXPECT_LE(*server.score, last);
        last = *server.score;
    }
    EXPECT_EQ(rank, 6);
}

TEST(Course, NothingChangesForLittle) {
    Machine machine;
    machine.round(equal(4));
    const auto servers =
        with(equal(4), {{.name = "new.test", .address = "127.2.1.1", .delay_ms = 1, .jitter_ms = 0.01, .stratum = 1}});
    for (int i = 0; i < 6; ++i) {
        const auto decision = machine.round(servers);
        EXPECT_EQ(decision.outcome, Outcome::unchanged);
        EXPECT_EQ(find(decision, "new.test")->verdict, Verdict::reserve);
        EXPECT_THAT(find(decision, "new.test")->reason, HasSubstr("15 % more is needed"));
    }
}

TEST(Course, OneSwapARoundAfterTheDwell) {
    Machine machine;
    machine.config.hysteresis = 0.02;
    machine.round(equal(4, 3.0));
    auto servers = equal(4, 3.0);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = fmt::format("new{}.test", i),
                           .address = fmt::format("127.2.{}.1", i),
                           .delay_ms = 5,
                           .jitter_ms = 0.05});
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);  // the incumbents stand since one round only
    for (int i = 1; i <= 4; ++i) {
        const auto before = machine.state.incumbents;
        const auto decision = machine.round(servers);
        ASSERT_EQ(decision.outcome, Outcome::would_apply) << i;
        int stayed = 0;
        for (const auto& incumbent : before)
            stayed += chose(decision, incumbent.endpoint.text()) ? 1 : 0;
        EXPECT_EQ(stayed, 3);
    }
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
}

TEST(Course, FalsetickerGoesAtOnceAndIsConvicted) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    servers[0].offset_ms = 300;
    auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::falseticker);
    servers[0].offset_ms = 0.05;
    for (int i = 0; i < 6; ++i) {
        decision = machine.round(servers);
        EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::convicted) << i;
    }
    EXPECT_NE(find(machine.round(servers), "good1.test")->verdict, Verdict::convicted);
}

TEST(Course, SilentIncumbentIsGivenTwoRounds) {
    Machine machine;
    machine.config.blacklist_after = 9;
    auto servers = honest(6);
    machine.round(servers);
    servers[1].answers = 0;
    for (int i = 1; i <= 2; ++i) {
        const auto decision = machine.round(servers);
        EXPECT_EQ(decision.outcome, Outcome::unchanged);
        EXPECT_TRUE(chose(decision, "good2.test"));
        EXPECT_THAT(find(decision, "good2.test")->reason, HasSubstr(fmt::format("round {} of 2 that it may miss", i)));
    }
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_FALSE(chose(decision, "good2.test"));
    EXPECT_EQ(decision.selected.size(), 4U);
}

TEST(Course, SilentIncumbentsGetNoTimeWhereNothingKeepsTime) {
    Machine machine;
    auto servers = honest(4);
    machine.round(servers);
    for (auto& server : servers)
        server.answers = 0;
    machine.context.synchronised = false;
    auto fresh = honest(9);
    fresh.erase(fresh.begin(), fresh.begin() + 4);
    const auto decision = machine.round(with(servers, fresh));
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), Not(Contains("good1.test")));
}

TEST(Course, NobodyAnswersKeepsEverythingAndBlamesNobody) {
    Machine machine;
    auto servers = honest(5);
    machine.round(servers);
    for (auto& server : servers)
        server.answers = 0;
    for (int i = 0; i < 10; ++i) {
        const auto decision = machine.round(servers);
        EXPECT_EQ(decision.outcome, Outcome::no_usable_servers);
        EXPECT_EQ(decision.confidence, Confidence::none);
        EXPECT_THAT(names(decision), UnorderedElementsAre("good1.test", "good2.test", "good3.test", "good4.test"));
        EXPECT_EQ(find(decision, "good5.test")->verdict, Verdict::unreachable);
    }
    EXPECT_THAT(list_blacklist(machine.state, machine.context.time_s), IsEmpty());
    EXPECT_EQ(machine.round(honest(5)).outcome, Outcome::unchanged);
}

TEST(Course, AllUnsynchronisedIsNoUsableServerNotBadIncumbents) {
    Machine machine;
    auto servers = honest(5);
    machine.round(servers);
    for (auto& server : servers)
        server.leap = 3;
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::no_usable_servers);
    EXPECT_THAT(names(decision), SizeIs(4));
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::unsynchronised);
}

TEST(Course, OneCandidateIsTakenOnlyWhereNothingWorks) {
    Machine machine;
    machine.context.current = current({"old.test"});
    const std::vector<Server> one{{.name = "a.test", .address = "127.1.1.1"}};
    auto decision = machine.round(one);
    EXPECT_EQ(decision.outcome, Outcome::unchanged);
    EXPECT_EQ(decision.confidence, Confidence::low);
    EXPECT_THAT(names(decision), ElementsAre("old.test"));
    EXPECT_THAT(machine.state.incumbents, IsEmpty());
    machine.context.synchronised = false;
    decision = machine.round(one);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), ElementsAre("a.test"));
}

TEST(Course, GoodServerThatIsNotTakenForLackOfWitnessesIsNotBlamedOnTheGates) {
    for (const auto& in_use : std::vector<std::vector<CurrentSource>>{{}, current({"old.test"})}) {
        Machine machine;
        machine.context.current = in_use;
        const auto decision = machine.round(honest(1));
        EXPECT_EQ(decision.outcome, Outcome::unchanged);
        EXPECT_EQ(decision.reason, "too few servers agree to change what is in use without need");
        EXPECT_EQ(find(decision, "good1.test")->rank, 1);
        EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::reserve);
        EXPECT_EQ(decision.selected.size(), in_use.size());
    }
    Machine small;  // what is in use is silent, and with two sources it gets no time
    small.config.sources = 2;
    small.context.current = current({"old.test"});
    const auto stuck = small.round(honest(1));
    EXPECT_EQ(stuck.outcome, Outcome::no_usable_servers);
    EXPECT_THAT(stuck.reason, HasSubstr("too few servers agree"));
    EXPECT_THAT(names(stuck), ElementsAre("old.test"));
    Machine machine;  // near a leap second it is not their number
    machine.context.leap_window = true;
    EXPECT_EQ(machine.round(honest(5)).reason, "a leap second is near, so nothing changes without need");
    machine.context.leap_window = false;
    machine.config.min_score = 100;  // this is the gates
    EXPECT_EQ(machine.round(honest(1)).outcome, Outcome::no_usable_servers);
}

TEST(Course, WhereOtherMachinesTakeTheTimeMoreServersHaveToAgree) {
    const auto decide_with = [](int good, bool serves_others) {
        Machine machine;
        machine.config.sources = 2;
        machine.context.current = current({"old1.test", "old2.test"});
        machine.context.serves_others = serves_others;
        return machine.round(with(honest(good), {{.name = "old1.test", .address = "127.8.1.1", .delay_ms = 40},
                                                 {.name = "old2.test", .address = "127.8.2.1", .delay_ms = 40}}));
    };
    EXPECT_EQ(decide_with(2, false).outcome, Outcome::would_apply);
    const auto doubtful = decide_with(2, true);
    EXPECT_EQ(doubtful.outcome, Outcome::unchanged);
    EXPECT_EQ(doubtful.confidence, Confidence::medium);
    EXPECT_THAT(doubtful.reason, HasSubstr("what other machines take the time from"));
    EXPECT_EQ(decide_with(3, true).outcome, Outcome::would_apply);
}

TEST(Course, FigureThatFailsALimitIsNotShownAsTheLimit) {
    EXPECT_EQ(ms_texts(36.9, 7.77), std::pair(std::string("36.9 ms"), std::string("7.77 ms")));
    EXPECT_EQ(ms_texts(1.5003, 1.5), std::pair(std::string("1.5003 ms"), std::string("1.5000 ms")));
    EXPECT_EQ(told_apart(59.97, 60, 1), std::pair(std::string("59.97"), std::string("60.00")));
    EXPECT_EQ(told_apart(1, 1, 1).first, told_apart(1, 1, 1).second);
    // A server that has only just too much of an error, found by bisection.
    const auto odd = [](double offset_ms) {
        const auto decision = Machine().round(
            with(honest(5), {{.name = "odd.test", .address = "127.9.1.1", .offset_ms = offset_ms, .delay_ms = 50}}));
        return *find(decision, "odd.test");
    };
    double good = 0.1;
    double bad = 5;
    for (int step = 0; step < 30; ++step)
        (odd((good + bad) / 2).verdict == Verdict::inaccurate ? bad : good) = (good + bad) / 2;
    const auto reason = odd(bad).reason;
    const auto middle = reason.find(", more than ");
    ASSERT_NE(middle, std::string::npos) << reason;
    EXPECT_NE(reason.substr(15, middle - 15), reason.substr(middle + 12)) << reason;
}

TEST(Course, TwoThatAgreeAreBothUsedAndNobodyLeavesForThem) {
    Machine machine;
    machine.context.current = current({"a.test"});
    const auto decision = machine.round(
        std::vector<Server>{{.name = "a.test", .address = "127.1.1.1"}, {.name = "b.test", .address = "127.1.2.1"}});
    EXPECT_EQ(decision.confidence, Confidence::low);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), UnorderedElementsAre("a.test", "b.test"));
}

TEST(Course, NotMoreThanHalfChangesAtOnceForBetterServers) {
    Machine machine;
    auto servers = equal(4);
    for (auto& server : servers) {
        server.offset_ms = 3;
        server.delay_ms = 60;
        machine.state.incumbents.push_back({.endpoint = *Endpoint::parse(server.name),
                                            .timescale = Timescale::utc,
                                            .address = std::nullopt,
                                            .held = 5});
    }
    for (int i = 1; i <= 6; ++i)
        servers.push_back(
            {.name = fmt::format("new{}.test", i), .address = fmt::format("127.2.{}.1", i), .delay_ms = 1});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    int stayed = 0;
    for (int i = 1; i <= 4; ++i)
        stayed += chose(decision, fmt::format("good{}.test", i)) ? 1 : 0;
    EXPECT_EQ(stayed, 2);
    EXPECT_EQ(decision.selected.size(), 4U);
}

TEST(Course, NameIsAsGoodAsTheWorstOfItsAddressesThatAnswer) {
    Machine machine;
    auto servers = honest(5);
    servers.push_back({.name = "good1.test", .address = "2001:db8:1::1", .answers = 0});      // no IPv6 here
    servers.push_back({.name = "good2.test", .address = "2001:db8:2::1", .offset_ms = 900});  // lies over IPv6
    servers.push_back({.name = "good3.test", .address = "2001:db8:3::1", .offset_ms = 0.1});
    const auto decision = machine.round(servers);
    EXPECT_TRUE(chose(decision, "good1.test"));
    EXPECT_FALSE(chose(decision, "good2.test"));
    EXPECT_EQ(find(decision, "good2.test")->verdict, Verdict::falseticker);
}

TEST(Course, PortsBelongToTheName) {
    Machine machine;
    auto servers = honest(4);
    servers[0].sources_port = 1123;
    EXPECT_TRUE(chose(machine.round(servers), "good1.test:1123"));
    Machine portless;
    portless.context.ports = false;
    const auto decision = portless.round(servers);
    EXPECT_FALSE(chose(decision, "good1.test:1123"));
    EXPECT_THAT(find(decision, "good1.test:1123")->reason, HasSubstr("port 1123"));
}

TEST(Course, DecisionThatWasNotAppliedChangesNoIncumbents) {
    Machine machine;
    EXPECT_EQ(machine.round(honest(5), false).outcome, Outcome::would_apply);
    EXPECT_THAT(machine.state.incumbents, IsEmpty());
    EXPECT_THAT(machine.state.servers, SizeIs(5));  // but something was learnt
    EXPECT_EQ(machine.round(honest(5)).outcome, Outcome::would_apply);
    EXPECT_THAT(machine.state.incumbents, SizeIs(4));
}

TEST(Course, RankByError) {
    Machine machine;
    machine.config.rank_by = RankBy::error;
    auto servers = equal(5);
    servers[4].delay_ms = 1;     // the smallest error
    servers[4].jitter_ms = 0.4;  // and the worst score
    const auto decision = machine.round(servers);
    EXPECT_TRUE(chose(decision, "good5.test"));
    EXPECT_EQ(find(decision, "good5.test")->rank, 1);
}

TEST(Course, GroupCapLetsNoGroupBeAMajority) {
    Machine machine;
    machine.config.sources = 5;
    auto servers = honest(3);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = fmt::format("t{}.op.test", i),
                           .address = fmt::format("127.6.{}.1", i),
                           .offset_ms = 0.1,
                           .delay_ms = 1,
                           .stratum = 1});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.selected.size(), 5U);
    EXPECT_EQ(find(decision, "t1.op.test")->verdict, Verdict::chosen);
    EXPECT_EQ(find(decision, "t2.op.test")->verdict, Verdict::chosen);
    EXPECT_EQ(find(decision, "t3.op.test")->verdict, Verdict::same_group);
    EXPECT_THAT(find(decision, "t3.op.test")->reason, HasSubstr("2 of 5"));
}

}  // namespace
}  // namespace ntpopt
