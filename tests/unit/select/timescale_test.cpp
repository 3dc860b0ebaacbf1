// No set mixes time scales, and near a leap second nothing moves without need.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(Timescales, LeapWindowFreezesAllButNeed) {
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

TEST(Timescales, UnknownTimescaleIsBarredNearALeapSecond) {
    Machine machine;
    auto servers = honest(6);
    servers[0].timescale = Timescale::unknown;
    EXPECT_TRUE(chose(machine.round(servers), "good1.test"));
    machine.context.leap_window = true;
    const auto decision = machine.round(servers);
    EXPECT_FALSE(chose(decision, "good1.test"));
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::wrong_timescale);
}

TEST(Timescales, AnnouncedLeapSecondFreezesByItself) {
    Machine machine;
    auto servers = honest(6);
    servers[0].timescale = Timescale::unknown;
    for (auto& server : servers)
        server.leap = 1;
    machine.context.time_s = 1483228800 - 3600;
    const auto decision = machine.round(servers);
    EXPECT_EQ(find(decision, "good1.test")->verdict, Verdict::wrong_timescale);
}

TEST(Timescales, SmearIsFoundOutInTheLeapWindow) {
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

TEST(Timescales, KeptSourcesOfAnotherTimescaleForbidTheChange) {
    Machine machine;
    machine.context.kept = {{*Endpoint::parse("time.google.com"), false, Timescale::smear_24h}};
    const auto decision = machine.round(honest(5));
    EXPECT_EQ(decision.outcome, Outcome::refused);
    EXPECT_THAT(decision.reason, HasSubstr("time.google.com stays configured and tells smear-24h"));
    EXPECT_THAT(decision.selected, IsEmpty());
}

TEST(Timescales, SmearedSetWhereItIsWanted) {
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

}  // namespace
}  // namespace ntpopt
