// Several things may be held against one server at once: none of them hides another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;

constexpr double kNow_s = 1000;
constexpr double kLater_s = 90000;

struct Barred : testing::Test {
    Endpoint server = *Endpoint::parse("x.test:1123");
    Address address = *Address::parse("192.0.2.1");
    SelectionState state;

    [[nodiscard]] bool barred() const { return is_probe_barred(state, server, address, kNow_s); }
};

TEST_F(Barred, AHoldHidesNothing) {
    state.penalties["x.test:1123"].held_until_s = kLater_s;
    EXPECT_FALSE(barred());
    state.penalties["x.test:1123"].paused_until_s = kLater_s;
    EXPECT_TRUE(barred());
    state.penalties["x.test:1123"].paused_until_s = 0;
    for (const auto* key : {"x.test", "192.0.2.1"})
        for (const auto until : {&Penalty::paused_until_s, &Penalty::banned_until_s, &Penalty::blacklisted_until_s}) {
            state.penalties[key].*until = kLater_s;
            EXPECT_TRUE(barred()) << key;
            state.penalties.erase(key);
        }
    EXPECT_FALSE(barred());
}

TEST_F(Barred, OfEachKindTheOneThatBindsIsFound) {
    state.penalties["x.test:1123"] = {.blacklisted_until_s = kLater_s, .paused_until_s = kNow_s};
    state.penalties["x.test"].held_until_s = kLater_s;
    state.penalties["192.0.2.1"] = {.blacklisted_until_s = kForever, .by_hand = true, .banned_until_s = kLater_s};
    const auto bars = find_bars(state, server, address, kNow_s);
    EXPECT_EQ(bars.blacklisted, &state.penalties["192.0.2.1"]) << "by hand goes first";
    EXPECT_EQ(bars.banned, &state.penalties["192.0.2.1"]);
    EXPECT_EQ(bars.held, &state.penalties["x.test"]);
    EXPECT_EQ(bars.paused, nullptr);
    EXPECT_EQ(find_bars(state, server, std::nullopt, kNow_s).blacklisted, &state.penalties["x.test:1123"]);
}

TEST_F(Barred, WhoIsInUseIsAskedWhateverFailuresSay) {
    const auto blacklist_all = [&](bool by_hand) {
        for (const auto* key : {"x.test:1123", "192.0.2.1"})
            state.penalties[key] = {.blacklisted_until_s = kLater_s, .by_hand = by_hand};
    };
    blacklist_all(false);
    EXPECT_TRUE(barred());
    state.incumbents.push_back({.endpoint = server, .address = std::nullopt});
    EXPECT_FALSE(barred());
    state.penalties["192.0.2.1"].banned_until_s = kLater_s;
    EXPECT_TRUE(barred());
    blacklist_all(true);
    EXPECT_TRUE(barred());
    blacklist_all(false);
    state.incumbents.front().pool = true;
    EXPECT_TRUE(barred()) << "of a pool the service gets itself another member";
}

/// As a pool's member it is left alone, by its own name it is in use.
TEST_F(Barred, WhatIsLearntUnderOneNameIsNotLostForTheOther) {
    Machine machine;
    auto servers = with(honest(4), {{.name = "a.test", .address = "127.1.1.1", .pool = true, .probed = false}});
    machine.round(servers);
    ASSERT_EQ(machine.state.servers.count("127.1.1.1:123"), 1U);
    EXPECT_GT(machine.state.servers.at("127.1.1.1:123").received, 0);
}

TEST_F(Barred, BlacklistedAddressBehindAHeldNameDoesNotVote) {
    Machine machine;
    const double now_s = machine.context.time_s;
    machine.state.penalties["good5.test"] = {.rollbacks = 1, .held_until_s = now_s + 86400};
    machine.state = blacklist(machine.state, "127.1.5.1", kForever, now_s);
    const auto decision = machine.round(honest(5));
    EXPECT_EQ(find(decision, "good5.test")->verdict, Verdict::blacklisted);
    EXPECT_THAT(find(decision, "good5.test")->reason, testing::HasSubstr("by hand"));
    EXPECT_EQ(decision.consensus.electorate, 4);
}

TEST_F(Barred, IncumbentWhoseAddressAskedForAPauseMissesNothing) {
    Machine machine;
    auto servers = honest(6);
    machine.round(servers);
    const double now_s = machine.context.time_s;
    machine.state.penalties["127.1.1.1"] = {.paused_until_s = now_s + 9 * 86400, .touched_s = now_s};
    servers[0].probed = false;
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(chose(machine.round(servers), "good1.test")) << i;
}

}  // namespace
}  // namespace ntpopt
