// SleepWatch: what wakes it, told apart. Nobody sleeps, and nobody sets a clock.
#include "daemon/io/watch/sleep_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

struct SleepWatchTest : testing::Test {
    boost::asio::io_context io{1};
    Duration asleep = 3h;  // since boot, before we began
    std::vector<std::string> told;
    SleepWatch watch{io, [this](Duration slept) { told.push_back("slept " + render_duration(slept)); },
                     [this] { told.emplace_back("clock set"); }, [this] { return asleep; }};
};

TEST_F(SleepWatchTest, AMachineThatWokeUpIsNoticedOnceAndWithTheTimeItSlept) {
    asleep += 8h;
    watch.look(true);
    watch.look(false);
    EXPECT_THAT(told, ElementsAre("slept 8h"));
    asleep += 5min;
    watch.look(false);
    EXPECT_THAT(told, ElementsAre("slept 8h", "slept 5min")) << "whether or not the kernel says that the clock was set";
}

TEST_F(SleepWatchTest, AStepOfTheClockIsNoSleep) {
    watch.look(true);
    EXPECT_THAT(told, ElementsAre("clock set"));
    asleep += 2ms;  // what the readings of two clocks lie apart
    watch.look(true);
    EXPECT_THAT(told, ElementsAre("clock set", "clock set"));
}

TEST_F(SleepWatchTest, WakingForNothingIsNothing) {
    watch.look(false);
    EXPECT_THAT(told, IsEmpty());
}

TEST_F(SleepWatchTest, WhatWasSleptBeforeTheStartIsNotNews) {
    asleep += 1h;
    ASSERT_TRUE(watch.start());
    watch.look(true);
    EXPECT_THAT(told, ElementsAre("clock set"));
    while (io.poll_one() > 0) {
    }
    EXPECT_THAT(told, ElementsAre("clock set"))
        << "the kernel's timer waits for a clock that is set, and nobody sets it";
    watch.stop();
    io.run();
}

TEST(TimeAsleep, IsNeverNegativeByMoreThanAReading) {
    Duration most = -1h;  // a busy machine takes its time between the readings of two clocks, but not each time
    for (int i = 0; i < 100; ++i)
        most = std::max(most, time_asleep());
    EXPECT_GT(most, -1ms);
}

}  // namespace
}  // namespace ntpopt
