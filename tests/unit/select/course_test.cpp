// The course of things over rounds: first choice, hysteresis, dwell, silence, penalties, pools, doubt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

std::vector<Server> with(std::vector<Server> servers, const std::vector<Server>& more) {
    servers.insert(servers.end(), more.begin(), more.end());
    return servers;
}

/// Servers that all look the same but for their address and upstream.
std::vector<Server> equal(int count, double jitter_ms = 0.1) {
    auto servers = honest(count);
    for (auto& server : servers) {
        server.offset_ms = 0;
        server.delay_ms = 5;
        server.jitter_ms = jitter_ms;
    }
    return servers;
}

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

TEST(Course, ThreeFailedRoundsBlacklistAndAGoodOneForgives) {
    Machine machine;
    auto servers = with(
        honest(5), {{.name = "dead.test", .address = "127.8.1.1", .answers = 0}, {.name = "lost.test", .address = ""}});
    for (int i = 0; i < 3; ++i) {
        const auto decision = machine.round(servers);
        EXPECT_EQ(find(decision, "dead.test")->verdict, Verdict::unreachable);
        EXPECT_EQ(find(decision, "lost.test")->verdict, Verdict::unresolved);
    }
    EXPECT_THAT(list_blacklist(machine.state, machine.context.time_s), SizeIs(2));
    const auto dead = *Endpoint::parse("dead.test");
    EXPECT_TRUE(is_probe_barred(machine.state, dead, std::nullopt, machine.context.time_s));
    EXPECT_EQ(find(machine.round(servers), "dead.test")->verdict, Verdict::blacklisted);
    machine.context.time_s += 8 * 86400;
    EXPECT_FALSE(is_probe_barred(machine.state, dead, std::nullopt, machine.context.time_s));
    servers[5].answers = 3;
    EXPECT_NE(find(machine.round(servers), "dead.test")->verdict, Verdict::blacklisted);
    EXPECT_FALSE(machine.state.penalties.contains("dead.test"));
}

TEST(Course, ServerThatWasLeftOutIsNotBlamedForHavingNoAddress) {
    Machine machine;
    auto observations = observe(with(honest(5), {{.name = "later.test", .address = ""}}));
    observations.back().asked = false;
    observations.back().failure = "20 candidates are enough";
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(find(machine.round(observations), "later.test")->verdict, Verdict::not_probed);
    EXPECT_THAT(list_blacklist(machine.state, machine.context.time_s), IsEmpty());
}

TEST(Course, BlacklistByHandHoldsUntilItIsLifted) {
    Machine machine;
    auto servers = honest(5);
    machine.state = blacklist(machine.state, "GOOD1.test", kForever, machine.context.time_s);
    auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::blacklisted);
    EXPECT_THAT(find(decision, "good1.test")->reason, HasSubstr("by hand, until it is lifted"));
    machine.context.time_s += 200 * 86400;
    EXPECT_EQ(find(machine.round(servers), "good1.test")->verdict, Verdict::blacklisted);
    machine.state = unblacklist(machine.state, "good1.test");
    EXPECT_NE(find(machine.round(servers), "good1.test")->verdict, Verdict::blacklisted);
}

TEST(Course, BlacklistByAddressMeetsTheNameBehindIt) {
    Machine machine;
    machine.state = blacklist(machine.state, "127.1.1.1", kForever, machine.context.time_s);
    EXPECT_EQ(find(machine.round(honest(5)), "good1.test")->verdict, Verdict::blacklisted);
}

TEST(Course, DenyBansRateOnlyPauses) {
    Machine machine;
    auto servers = with(honest(5), {{.name = "deny.test", .address = "127.8.1.1", .answers = 0, .kiss = "DENY"},
                                    {.name = "rate.test", .address = "127.8.2.1", .answers = 0, .kiss = "RATE"}});
    machine.round(servers);
    const auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "deny.test")->verdict, Verdict::banned);
    EXPECT_EQ(find(decision, "rate.test")->verdict, Verdict::kiss_of_death);
    EXPECT_TRUE(is_probe_barred(machine.state, *Endpoint::parse("rate.test"), std::nullopt, machine.context.time_s));
    EXPECT_THAT(list_blacklist(machine.state, machine.context.time_s), SizeIs(1));
}

TEST(Course, RateFromAnIncumbentIsNoMiss) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    servers[0].answers = 0;
    servers[0].kiss = "RATE";
    for (int i = 0; i < 6; ++i)
        EXPECT_TRUE(chose(machine.round(servers), "good1.test")) << i;
}

TEST(Course, SpoofedDenyDoesNotUnseatAnIncumbent) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    servers[0].kiss = "DENY";  // and it answers too
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    servers[0].answers = 0;
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    servers[0].kiss = "";
    machine.round(servers);  // silent as well: now it counts
    const auto decision = machine.round(servers);
    EXPECT_FALSE(chose(decision, "good1.test"));
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::banned);
}

TEST(Course, WhitelistAdmitsOnlyWhatItNames) {
    Machine machine;
    machine.config.whitelist = {"good1.test", "good2.test", "*.corp.test"};
    const auto decision =
        machine.round(with(honest(5), {{.name = "ntp.corp.test", .address = "127.8.1.1", .offset_ms = 0.1}}));
    EXPECT_THAT(names(decision), UnorderedElementsAre("good1.test", "good2.test", "ntp.corp.test"));
    EXPECT_EQ(find(decision, "good3.test")->verdict, Verdict::not_whitelisted);
}

TEST(Course, HygieneHasAWordForEverything) {
    Machine machine;
    machine.context.own_addresses = {*Address::parse("192.0.2.50")};
    const auto decision = machine.round(
        with(honest(5), {{.name = "unsync.test", .address = "127.8.1.1", .leap = 3},
                         {.name = "s16.test", .address = "127.8.2.1", .stratum = 16},
                         {.name = "s4.test", .address = "127.8.3.1", .stratum = 4},
                         {.name = "far.test", .address = "127.8.4.1", .root_dispersion_ms = 999},
                         {.name = "stale.test", .address = "127.8.5.1", .reference_age_s = 90000},
                         {.name = "future.test", .address = "127.8.6.1", .reference_age_s = -5},
                         {.name = "loop.test", .address = "127.8.7.1", .refid = 0xc0000232U},
                         {.name = "wrong.test", .address = "127.8.8.1", .bad = true},
                         {.name = "silent.test", .address = "127.8.9.1", .answers = 0},
                         {.name = "lost.test", .address = ""},
                         {.name = "negative.test", .address = "127.8.10.1", .root_delay_ms = -1},
                         {.name = "skipped.test", .address = "127.8.11.1", .probed = false},
                         {.name = "smear.test", .address = "127.8.12.1", .refid = 0xfe000001U},
                         {.name = "flaky.test", .address = "127.8.13.1", .answers = 1, .sent = 3},
                         {.name = "poor.test", .address = "127.8.14.1", .jitter_ms = 60, .answers = 2, .sent = 3}}));
    const std::pair<const char*, Verdict> expected[] = {{"unsync.test", Verdict::unsynchronised},
                                                        {"s16.test", Verdict::unsynchronised},
                                                        {"s4.test", Verdict::stratum_too_high},
                                                        {"far.test", Verdict::too_distant},
                                                        {"stale.test", Verdict::stale},
                                                        {"future.test", Verdict::stale},
                                                        {"loop.test", Verdict::loop},
                                                        {"wrong.test", Verdict::bad_reply},
                                                        {"silent.test", Verdict::unreachable},
                                                        {"lost.test", Verdict::unresolved},
                                                        {"negative.test", Verdict::bad_reply},
                                                        {"skipped.test", Verdict::not_probed},
                                                        {"smear.test", Verdict::wrong_timescale},
                                                        {"flaky.test", Verdict::low_reachability},
                                                        {"poor.test", Verdict::below_minimum}};
    for (const auto& [name, verdict] : expected) {
        ASSERT_TRUE(find(decision, name)) << name;
        EXPECT_EQ(find(decision, name)->verdict, verdict) << name << ": " << find(decision, name)->reason;
        EXPECT_FALSE(find(decision, name)->reason.empty());
    }
    EXPECT_THAT(names(decision), SizeIs(4));
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

TEST(Course, PoolIsOneNameWithTheFreePlaces) {
    Machine machine;
    auto servers = honest(2);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = "2.debian.pool.ntp.org",
                           .address = fmt::format("127.7.{}.1", i),
                           .offset_ms = 0.1 * i,
                           .delay_ms = 8,
                           .pool = true});
    servers.push_back(
        {.name = "other.pool.test", .address = "127.7.9.1", .offset_ms = 0.2, .delay_ms = 8, .pool = true});
    const auto decision = machine.round(servers);
    ASSERT_THAT(decision.selected, SizeIs(3));
    const auto pool = std::find_if(decision.selected.begin(), decision.selected.end(),
                                   [](const auto& choice) { return choice.pool; });
    EXPECT_EQ(pool->endpoint.text(), "2.debian.pool.ntp.org");
    EXPECT_EQ(pool->maxsources, 2);
    EXPECT_EQ(decision.consensus.groups, 7);  // the members vote for themselves
    for (const auto& choice : decision.selected)
        EXPECT_THAT(choice.endpoint.text(), Not(HasSubstr("127.7")));
    EXPECT_EQ(find(decision, "other.pool.test")->verdict, Verdict::same_group);
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
}

TEST(Course, PoolAloneFillsTheSetAndIsReplacedByHalves) {
    Machine machine;
    std::vector<Server> members;
    for (int i = 1; i <= 4; ++i)
        members.push_back({.name = "pool.test",
                           .address = fmt::format("127.7.{}.1", i),
                           .offset_ms = 0.1 * i,
                           .delay_ms = 8,
                           .pool = true});
    auto decision = machine.round(members);
    ASSERT_THAT(names(decision), ElementsAre("pool.test"));
    EXPECT_EQ(decision.selected[0].maxsources, 4);
    EXPECT_EQ(machine.round(members).outcome, Outcome::unchanged);
    const auto both = with(members, honest(5));
    decision = machine.round(both);
    EXPECT_THAT(decision.selected, SizeIs(3));  // two servers, and the pool for two
    EXPECT_TRUE(chose(decision, "pool.test"));
}

TEST(Course, PoolNameComesLastForAServiceWithOneSource) {
    Machine machine;
    machine.context.multi_source = false;
    machine.context.pools = false;
    auto servers = honest(3);
    for (auto& server : servers)
        server.delay_ms = 20;
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = "pool.test", .address = fmt::format("127.7.{}.1", i), .delay_ms = 8, .pool = true});
    const auto decision = machine.round(servers);
    ASSERT_THAT(decision.selected, SizeIs(4));
    EXPECT_TRUE(decision.selected.back().pool);
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

TEST(Course, RolledBackServersRestForADay) {
    Machine machine;
    machine.context.current = current({"old.test"});
    auto result = decide(observe(honest(5)), machine.state, machine.config, machine.context);
    const auto tried = names(result.decision);
    machine.state = note_rolled_back(std::move(result.next), tried, machine.context.time_s);
    const auto decision = machine.round(honest(5));
    for (const auto& name : tried) {
        EXPECT_FALSE(chose(decision, name));
        EXPECT_THAT(find(decision, name)->reason, HasSubstr("rolled back"));
    }
    machine.context.time_s += 86400;
    EXPECT_EQ(machine.round(honest(5)).outcome, Outcome::would_apply);
}

TEST(Course, DecisionThatWasNotAppliedChangesNoIncumbents) {
    Machine machine;
    EXPECT_EQ(machine.round(honest(5), false).outcome, Outcome::would_apply);
    EXPECT_THAT(machine.state.incumbents, IsEmpty());
    EXPECT_THAT(machine.state.servers, SizeIs(5));  // but something was learnt
    EXPECT_EQ(machine.round(honest(5)).outcome, Outcome::would_apply);
    EXPECT_THAT(machine.state.incumbents, SizeIs(4));
}

TEST(Course, LeapWindowFreezesAllButNeed) {
    Machine machine;
    machine.config.hysteresis = 0.02;
    auto servers = equal(4, 3.0);
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = fmt::format("new{}.test", i),
                           .address = fmt::format("127.2.{}.1", i),
                           .delay_ms = 5,
                           .jitter_ms = 0.05});
    machine.context.leap_window = true;
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    servers[0].offset_ms = 500;
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_FALSE(chose(decision, "good1.test"));
    EXPECT_EQ(decision.selected.size(), 4U);
}

TEST(Course, UnknownTimescaleIsBarredNearALeapSecond) {
    Machine machine;
    auto servers = honest(6);
    servers[0].timescale = Timescale::unknown;
    EXPECT_TRUE(chose(machine.round(servers), "good1.test"));
    machine.context.leap_window = true;
    const auto decision = machine.round(servers);
    EXPECT_FALSE(chose(decision, "good1.test"));
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::wrong_timescale);
}

TEST(Course, AnnouncedLeapSecondFreezesByItself) {
    Machine machine;
    auto servers = honest(6);
    servers[0].timescale = Timescale::unknown;
    for (auto& server : servers)
        server.leap = 1;
    machine.context.time_s = 1483228800 - 3600;
    const auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::wrong_timescale);
}

TEST(Course, SmearIsFoundOutInTheLeapWindow) {
    Machine machine;
    machine.context.leap_window = true;
    machine.context.synchronised = false;
    auto servers = honest(6);
    machine.round(servers);
    servers[0].offset_ms += 200;          // 9 ppm over the 6 h of a round
    servers[0].root_dispersion_ms = 900;  // and wide enough to pass as a truechimer
    const auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::wrong_timescale) << find(decision, "good1.test")->reason;
}

TEST(Course, KeptSourcesOfAnotherTimescaleForbidTheChange) {
    Machine machine;
    machine.context.kept = {{*Endpoint::parse("time.google.com"), false, Timescale::smear_24h}};
    const auto decision = machine.round(honest(5));
    EXPECT_EQ(decision.outcome, Outcome::refused);
    EXPECT_THAT(decision.reason, HasSubstr("time.google.com stays configured and tells smear-24h"));
    EXPECT_THAT(decision.selected, IsEmpty());
}

TEST(Course, SmearedSetWhereItIsWanted) {
    Machine machine;
    machine.config.timescale = Timescale::smear_24h;
    machine.context.synchronised = false;
    const auto decision = machine.round(with(
        honest(3),
        {{.name = "time.google.com",
          .address = "127.5.1.1",
          .operator_name = "Google",
          .timescale = Timescale::smear_24h},
         {.name = "time.aws.com", .address = "127.5.2.1", .operator_name = "Amazon", .timescale = Timescale::smear_24h},
         {.name = "time.facebook.com",
          .address = "127.5.3.1",
          .operator_name = "Meta",
          .timescale = Timescale::smear_meta}}));
    EXPECT_THAT(names(decision), UnorderedElementsAre("time.google.com", "time.aws.com"));
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

TEST(Course, StrangersUnseenForNinetyDaysAreForgotten) {
    Machine machine;
    machine.round(honest(8));
    EXPECT_THAT(machine.state.servers, SizeIs(8));
    machine.context.time_s += 91 * 86400;
    machine.round(honest(5));
    EXPECT_THAT(machine.state.servers, SizeIs(5));
}

TEST(Course, MemoryIsBounded) {
    SelectionState state;
    for (int i = 0; i < 6000; ++i) {
        state.servers[fmt::format("10.{}.{}.1:123", i / 250, i % 250)].updated_s = 1.8e9 + i;
        state.penalties[fmt::format("10.{}.{}.1", i / 250, i % 250)].touched_s = 1.8e9 + i;
    }
    forget_old(state, 1.8e9 + 6000);
    EXPECT_EQ(state.servers.size(), kMaxRemembered);
    EXPECT_EQ(state.penalties.size(), kMaxRemembered);
    EXPECT_TRUE(state.servers.contains("10.23.249.1:123"));
    EXPECT_FALSE(state.servers.contains("10.0.0.1:123"));
}

}  // namespace
}  // namespace ntpopt
