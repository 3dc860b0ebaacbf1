// Machines without an RTC, whose clock is before the last round at each boot: they get their rounds by the time they
// run.
#include <gtest/gtest.h>

#include <utility>

#include "life.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

struct UnsetClockTest : test::OptimizerTest {
    UnsetClockTest() {
        make();
        live(1);
        world.clock.behind = std::chrono::hours(10'000);
        ears.on_finished = [](const Json&) {};
    }

    /// Boots and waits for the engine to be idle; how long the next round is away then.
    Duration boot() {
        make();
        boost::asio::co_spawn(world.io, optimizer->run(), [](std::exception_ptr escaped) { EXPECT_FALSE(escaped); });
        world.io.restart();
        world.io.poll();
        return optimizer->state().next_run - world.clock.now();
    }

    void halt() {
        optimizer->stop();
        world.io.poll();
        EXPECT_TRUE(world.io.stopped());
    }
};

TEST_F(UnsetClockTest, ADayOfFiveHoursCountsForTheNextOne) {
    EXPECT_GT(boot(), 5h);
    world.clock.skip(5h);
    halt();
    const auto next = boot();
    EXPECT_GT(next, 55min);
    EXPECT_LT(next, 65min);
    halt();
}

TEST_F(UnsetClockTest, SoDoesOneThatEndsInAPowerCut) {
    boot();
    world.clock.skip(5h);
    world.alarm.ring();
    world.io.poll();
    auto remembered = world.store;
    halt();
    world.store = std::move(remembered);
    EXPECT_LT(boot(), 65min);
    halt();
}

TEST_F(UnsetClockTest, ARoundBeginsTheCountAfresh) {
    boot();
    world.clock.skip(5h);
    halt();
    EXPECT_TRUE(make().reoptimize(true));
    live(1);
    ears.on_finished = [](const Json&) {};
    EXPECT_GT(boot(), 5h);
    halt();
}

}  // namespace
}  // namespace ntpopt
