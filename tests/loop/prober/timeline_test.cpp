// The timeline with clocks that a test turns by hand.
#include "daemon/io/ntp/timeline.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr Duration kUnix = std::chrono::seconds(1'800'000'000);

/// Clocks at rest until somebody moves them.
struct Clocks {
    std::shared_ptr<ClockReading> reading = std::make_shared<ClockReading>(ClockReading{500s, kUnix, 490s, 7s, 100ns});

    [[nodiscard]] ClockReader reader() const {
        return [held = reading] { return *held; };
    }
    void pass(Duration time) const {
        reading->raw += time;
        reading->real += time;
        reading->steady += time;
    }
};

TEST(Timeline, BeginsAtZeroAndCountsRawTime) {
    const Clocks clocks;
    const Timeline timeline(clocks.reader());
    EXPECT_EQ(timeline.now(), 0s);
    EXPECT_EQ(timeline.unix_at_zero(), kUnix);
    clocks.pass(3s);
    EXPECT_EQ(timeline.now(), 3s);
    EXPECT_EQ(timeline.unix_at_zero(), kUnix);
}

TEST(Timeline, MapsKernelStamps) {
    const Clocks clocks;
    Timeline timeline(clocks.reader());
    clocks.pass(3s);
    EXPECT_EQ(timeline.when(kUnix + 3s - 40us), 3s - 40us);
    EXPECT_EQ(timeline.when(kUnix + 1s), 1s);  // it waited long in the queue, and is right nevertheless
}

TEST(Timeline, DistrustsStampsFromTheFutureAndFromBeforeTheRound) {
    const Clocks clocks;
    Timeline timeline(clocks.reader());
    clocks.pass(3s);
    EXPECT_EQ(timeline.when(kUnix + 3s + 1ms), std::nullopt);
    EXPECT_EQ(timeline.when(kUnix - 1ms), std::nullopt);
}

TEST(Timeline, AStepBetweenStampAndReadingMakesTheStampWorthless) {
    for (const Duration step : {Duration(1h), Duration(-1h), Duration(5ms), Duration(-5ms), Duration(200us)}) {
        const Clocks clocks;
        Timeline timeline(clocks.reader());
        clocks.pass(100ms);
        const auto stamp = clocks.reading->real;
        const auto second_stamp = stamp + 20us;
        clocks.pass(50us);
        clocks.reading->real += step;
        EXPECT_EQ(timeline.when(stamp), std::nullopt) << step.count();
        clocks.pass(50us);
        // Another packet of before the step, read after it was noticed.
        EXPECT_EQ(timeline.when(second_stamp), std::nullopt) << step.count();
        // And everything after it is as before.
        clocks.pass(1s);
        const auto fresh = clocks.reading->real;
        clocks.pass(30us);
        EXPECT_EQ(timeline.when(fresh), 1100ms + 100us) << step.count();
    }
}

TEST(Timeline, AnOrdinarySlewIsNoStep) {
    const Clocks clocks;
    Timeline timeline(clocks.reader());
    for (int i = 0; i < 100; ++i) {
        clocks.pass(1s);
        clocks.reading->real += 500us;  // 500 ppm, the most that ntp_adjtime(2) slews
        EXPECT_EQ(timeline.when(clocks.reading->real - 40us), timeline.now() - 40us);
    }
    EXPECT_EQ(timeline.now(), 100s);
}

TEST(Timeline, ASuspendIsNoticedOnceAndTiesTheTimelineAnew) {
    const Clocks clocks;
    Timeline timeline(clocks.reader());
    clocks.pass(1s);
    EXPECT_FALSE(timeline.resumed());
    const auto before = clocks.reading->real;
    clocks.reading->asleep += 2h;  // the raw clock stands still
    clocks.reading->real += 2h;
    EXPECT_TRUE(timeline.resumed());
    EXPECT_FALSE(timeline.resumed());
    EXPECT_EQ(timeline.now(), 1s);
    EXPECT_EQ(timeline.unix_at_zero(), kUnix + 2h);
    EXPECT_EQ(timeline.when(before), std::nullopt);
}

TEST(Timeline, ADisciplinedClockRunsAwayFromTheRawOneOnAStraightLine) {
    const Clocks clocks;
    const Timeline timeline(clocks.reader());
    clocks.pass(4s);
    clocks.reading->steady += 120us;  // an oscillator that is 30 ppm slow, put right by the kernel
    clocks.reading->real += 120us;
    EXPECT_NEAR(timeline.drift_s(0s), 0, 1e-12);
    EXPECT_NEAR(timeline.drift_s(1s), 30e-6, 1e-12);
    EXPECT_NEAR(timeline.drift_s(4s), 120e-6, 1e-12);
}

TEST(Timeline, AStepIsNoDrift) {
    const Clocks clocks;
    const Timeline timeline(clocks.reader());
    clocks.pass(4s);
    clocks.reading->real += 1h;
    EXPECT_EQ(timeline.drift_s(4s), 0);
}

TEST(Timeline, AFastSlewIsNoDriftEither) {
    const Clocks clocks;
    const Timeline timeline(clocks.reader());
    clocks.pass(4s);
    clocks.reading->steady += 8ms;
    clocks.reading->real += 8ms;
    EXPECT_EQ(timeline.drift_s(4s), 0);
}

TEST(Timeline, AfterASuspendDriftCountsFromTheNewTie) {
    const Clocks clocks;
    Timeline timeline(clocks.reader());
    clocks.pass(2s);
    clocks.reading->asleep += 1h;
    clocks.reading->real += 1h;
    ASSERT_TRUE(timeline.resumed());
    clocks.pass(2s);
    clocks.reading->steady += 100us;
    EXPECT_NEAR(timeline.drift_s(2s), 0, 1e-12);
    EXPECT_NEAR(timeline.drift_s(4s), 50e-6, 1e-12);
}

TEST(Timeline, TheRealClocksAgreeWithThemselves) {
    const auto reading = read_clocks();
    EXPECT_GT(reading.real, kUnix / 2);
    EXPECT_GE(reading.width, 0ns);
    Timeline timeline;
    const auto first = timeline.now();
    EXPECT_LE(first, timeline.now());
    EXPECT_FALSE(timeline.resumed());
}

}  // namespace
}  // namespace ntpopt
