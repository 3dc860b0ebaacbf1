// SendGate: the guard time to one address, and the rate in all.
#include "daemon/core/ntp/send_gate.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

struct SendGateTest : testing::Test {
    SendGate gate{0s};
    Address one = *Address::parse("192.0.2.1");
    Address other = *Address::parse("192.0.2.2");
    SendGate::Turn mine, yours, theirs;
};

TEST_F(SendGateTest, AfterAStartNobodyIsAskedBeforeTheGuardTimeIsOver) {
    gate.pace(10, 500ms);
    EXPECT_EQ(gate.ask(one, mine, 500ms), 2s);
    EXPECT_EQ(gate.ask(*Address::parse("127.0.0.5"), yours, 500ms), 500ms);
    EXPECT_EQ(gate.ask(one, mine, 2s), 2s);
}

TEST_F(SendGateTest, TwoBurstsToOneAddressTakeTurns) {
    gate.pace(1000, 10s);
    EXPECT_EQ(gate.ask(one, mine, 10s), 10s);
    EXPECT_EQ(gate.ask(one, yours, 10s), 12s);
    EXPECT_EQ(gate.ask(other, theirs, 10s), 10001ms) << "the address alone is guarded";
    EXPECT_EQ(gate.ask(one, mine, 12s), 12s);
    EXPECT_EQ(gate.ask(one, yours, 12s), 14s);
}

TEST_F(SendGateTest, ARoundThatFollowsAnotherKeepsTheGuardTimeToo) {
    gate.pace(10, 10s);
    EXPECT_EQ(gate.ask(one, mine, 10s), 10s);
    gate.pace(10, 11s);
    EXPECT_EQ(gate.ask(one, mine, 11s), 12s);
    EXPECT_EQ(gate.ask(other, yours, 11s), 11s);
    gate.pace(10, 12s);
    EXPECT_EQ(gate.ask(one, mine, 12s), 12s);
}

TEST_F(SendGateTest, LetsTheFirstGoAtOnceAndKeepsTheRate) {
    gate.pace(10, 5s);
    EXPECT_EQ(gate.ask(one, mine, 5s), 5s);
    EXPECT_EQ(gate.ask(other, yours, 5s), 5100ms);
    EXPECT_EQ(gate.ask(*Address::parse("192.0.2.3"), theirs, 5050ms), 5200ms);
    EXPECT_EQ(gate.ask(other, yours, 5100ms), 5100ms);
    EXPECT_EQ(gate.ask(*Address::parse("192.0.2.3"), theirs, 5200ms), 5200ms);
    EXPECT_EQ(gate.ask(one, mine, 9s), 9s) << "what was not used is not saved up";
    EXPECT_EQ(gate.ask(other, yours, 9s), 9100ms);
}

TEST_F(SendGateTest, WhoMustWaitForTheGuardTimeKeepsNoPlaceInTheLine) {
    gate.pace(1, 10s);
    EXPECT_EQ(gate.ask(one, mine, 10s), 10s);
    EXPECT_EQ(gate.ask(one, yours, 11s), 12s);
    EXPECT_EQ(gate.ask(other, theirs, 11s), 11s);
}

TEST_F(SendGateTest, ARateOfNothingIsSlowNotEndless) {
    gate.pace(0, 5s);
    EXPECT_EQ(gate.ask(one, mine, 5s), 5s);
    EXPECT_EQ(gate.ask(other, yours, 5s), 15s);
}

}  // namespace
}  // namespace ntpopt
