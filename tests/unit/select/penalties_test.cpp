// What is held against servers, for how long, and who is never considered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

TEST(Penalties, ThreeFailedRoundsBlacklistAndAGoodOneForgives) {
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

TEST(Penalties, ServerThatWasLeftOutIsNotBlamedForHavingNoAddress) {
    Machine machine;
    auto observations = observe(with(honest(5), {{.name = "later.test", .address = ""}}));
    observations.back().asked = false;
    observations.back().failure = "20 candidates are enough";
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(find(machine.round(observations), "later.test")->verdict, Verdict::not_probed);
    EXPECT_THAT(list_blacklist(machine.state, machine.context.time_s), IsEmpty());
}

TEST(Penalties, BlacklistByHandHoldsUntilItIsLifted) {
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

TEST(Penalties, BlacklistByAddressMeetsTheNameBehindIt) {
    Machine machine;
    machine.state = blacklist(machine.state, "127.1.1.1", kForever, machine.context.time_s);
    EXPECT_EQ(find(machine.round(honest(5)), "good1.test")->verdict, Verdict::blacklisted);
}

TEST(Penalties, DenyBansRateOnlyPauses) {
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

TEST(Penalties, AddressThatRefusesIsLeftAloneThoughAnotherOneOfItsNameAnswers) {
    const auto dual = *Endpoint::parse("dual.test");
    const auto ipv4 = *Address::parse("127.8.1.1");
    const auto ipv6 = *Address::parse("2001:db8:8::1");
    for (const std::string kiss : {"RATE", "DENY"}) {
        Machine machine;
        auto servers = with(honest(5), {{.name = "dual.test", .address = ipv4.text(), .answers = 0, .kiss = kiss},
                                        {.name = "dual.test", .address = ipv6.text(), .delay_ms = 50}});
        machine.round(servers);
        const auto is_barred = [&](const std::optional<Address>& address) {
            return is_probe_barred(machine.state, dual, address, machine.context.time_s);
        };
        EXPECT_TRUE(is_barred(ipv4)) << kiss;
        EXPECT_FALSE(is_barred(ipv6)) << kiss;
        EXPECT_FALSE(is_barred(std::nullopt)) << kiss;
        machine.context.time_s += 8 * 86400;
        servers[5].answers = 3;
        servers[5].kiss = "";
        machine.round(servers);
        EXPECT_TRUE(machine.state.penalties.empty()) << "forgiven";
    }
}

TEST(Penalties, DenyOfOneAddressDoesNotUnseatANameThatAnswersByAnother) {
    Machine machine;
    auto servers = with(honest(4), {{.name = "good1.test", .address = "2001:db8:8::1", .delay_ms = 5}});
    machine.round(servers);
    servers[0].answers = 0;
    servers[0].kiss = "DENY";
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(chose(machine.round(servers), "good1.test")) << i;
}

TEST(Penalties, DenyOfAPoolSMemberDoesNotUnseatTheServerInUseThatItIs) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    servers.push_back(servers[0]);
    servers[6].name = "pool.test";
    servers[6].pool = true;
    for (const auto i : {0U, 6U}) {
        servers[i].answers = 0;
        servers[i].kiss = "DENY";
    }
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
    for (const auto i : {0U, 6U}) {
        servers[i].answers = 3;
        servers[i].kiss = "";
    }
    EXPECT_TRUE(chose(machine.round(servers), "good1.test"));
    EXPECT_TRUE(machine.state.penalties.empty());
}

TEST(Penalties, RateFromAnIncumbentIsNoMiss) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    servers[0].answers = 0;
    servers[0].kiss = "RATE";
    for (int i = 0; i < 6; ++i)
        EXPECT_TRUE(chose(machine.round(servers), "good1.test")) << i;
}

TEST(Penalties, SpoofedDenyDoesNotUnseatAnIncumbent) {
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

TEST(Penalties, WhitelistAdmitsOnlyWhatItNames) {
    Machine machine;
    machine.config.whitelist = {"good1.test", "good2.test", "*.corp.test"};
    const auto decision =
        machine.round(with(honest(5), {{.name = "ntp.corp.test", .address = "127.8.1.1", .offset_ms = 0.1}}));
    EXPECT_THAT(names(decision), UnorderedElementsAre("good1.test", "good2.test", "ntp.corp.test"));
    EXPECT_EQ(find(decision, "good3.test")->verdict, Verdict::not_whitelisted);
}

TEST(Penalties, HygieneHasAWordForEverything) {
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

TEST(Penalties, RolledBackServersRestForADay) {
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

TEST(Penalties, StrangersUnseenForNinetyDaysAreForgotten) {
    Machine machine;
    machine.round(honest(8));
    EXPECT_THAT(machine.state.servers, SizeIs(8));
    machine.context.time_s += 91 * 86400;
    machine.round(honest(5));
    EXPECT_THAT(machine.state.servers, SizeIs(5));
}

TEST(Penalties, WrongClockFarAheadForgetsNobodyWhileNobodyVouchesForIt) {
    Machine machine;
    machine.round(honest(8));
    machine.state.penalties["denied.test"] = {
        .bans = 1, .banned_until_s = machine.context.time_s + 7 * 86400, .touched_s = machine.context.time_s};
    machine.state.pools["p.test"].updated_s = machine.context.time_s;
    machine.context.time_s += 13 * 365 * 86400.0;
    machine.context.synchronised = false;
    machine.round(honest(5));
    EXPECT_THAT(machine.state.servers, SizeIs(8));
    EXPECT_THAT(machine.state.penalties, SizeIs(1));
    EXPECT_THAT(machine.state.pools, SizeIs(1));
}

TEST(Penalties, PenaltiesOfAWrongClockLastTheirOwnTimeOnceItIsRight) {
    Machine machine;
    const double now_s = machine.context.time_s;
    machine.context.time_s += 13 * 365 * 86400.0;
    machine.context.synchronised = false;
    const auto servers = with(honest(5), {{.name = "dead.test", .address = "127.8.1.1", .answers = 0},
                                          {.name = "deny.test", .address = "127.8.2.1", .kiss = "DENY"},
                                          {.name = "rate.test", .address = "127.8.3.1", .kiss = "RATE"}});
    for (int i = 0; i < 3; ++i)
        machine.round(servers);
    machine.state = note_rolled_back(machine.state, {"undone.test"}, machine.context.time_s);
    machine.state = blacklist(machine.state, "asked.test", kForever, machine.context.time_s);
    ASSERT_THAT(machine.state.penalties, SizeIs(5));

    machine.context.time_s = now_s;
    machine.context.synchronised = true;
    machine.round(honest(5));
    const auto until = [&](std::string_view name, double Penalty::*end) {
        return machine.state.penalties.find(name)->second.*end - now_s;
    };
    for (const auto& [name, end, length_s] : {std::tuple{"dead.test", &Penalty::blacklisted_until_s, 7 * 86400.0},
                                              std::tuple{"deny.test", &Penalty::banned_until_s, 28 * 86400.0},
                                              std::tuple{"rate.test", &Penalty::paused_until_s, 2 * 86400.0},
                                              std::tuple{"undone.test", &Penalty::held_until_s, 86400.0}}) {
        EXPECT_GT(until(name, end), 0) << name;
        EXPECT_LE(until(name, end), length_s) << name;
    }
    EXPECT_EQ(machine.state.penalties.find("asked.test")->second.blacklisted_until_s, kForever);
    machine.context.time_s += 91 * 86400;
    machine.round(honest(5));
    EXPECT_THAT(machine.state.penalties, testing::ElementsAre(testing::Key("asked.test")));
}

TEST(Penalties, ClockThatWasADayAheadChangesNoPenalty) {
    SelectionState state;
    state.penalties["a.test"] = {.banned_until_s = 1.8e9 + 8 * 86400, .touched_s = 1.8e9 + 86400};
    const auto before = state;
    pull_back_penalties(state, 1.8e9);
    EXPECT_EQ(state, before);
}

TEST(Penalties, MemoryIsBounded) {
    SelectionState state;
    for (int i = 0; i < 6000; ++i) {
        state.servers[fmt::format("10.{}.{}.1:123", i / 250, i % 250)].updated_s = 1.8e9 + i;
        state.penalties[fmt::format("10.{}.{}.1", i / 250, i % 250)].touched_s = 1.8e9 + i;
    }
    state.penalties["asked.test"] = {.by_hand = true, .touched_s = 0};  // by a clock that was not set
    forget_excess(state);
    EXPECT_EQ(state.servers.size(), kMaxRemembered);
    EXPECT_EQ(state.penalties.size(), kMaxRemembered);
    EXPECT_TRUE(state.servers.contains("10.23.249.1:123"));
    EXPECT_FALSE(state.servers.contains("10.0.0.1:123"));
    EXPECT_FALSE(state.servers.contains("10.7.153.1:123"));
    EXPECT_TRUE(state.servers.contains("10.7.154.1:123"));
    EXPECT_TRUE(state.penalties.contains("asked.test"));
}

}  // namespace
}  // namespace ntpopt
