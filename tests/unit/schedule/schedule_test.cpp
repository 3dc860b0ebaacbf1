// When rounds run: scripts of events, and the properties that keep fleets from herding.
#include "daemon/core/schedule/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace ntpopt {
namespace {

constexpr std::uint64_t kMachine = 0x8000000000000000;  // half of the interval as phase

Schedule started(ScheduleConfig config = {}, std::optional<Duration> since_last = std::nullopt, double chance = 0.5) {
    Schedule schedule(config, kMachine);
    schedule.start(1h, {.since_last = since_last}, chance);
    return schedule;
}

TEST(Schedule, FirstRoundWaitsForTheBootDelayAndItsRandomPart) {
    EXPECT_EQ(started({}, std::nullopt, 0).next(), 1h + 2min);
    EXPECT_EQ(started({}, std::nullopt, 0.5).next(), 1h + 6min);
    EXPECT_EQ(started({}, std::nullopt, 0.5).reason(), "boot");
}

TEST(Schedule, WithoutABootDelayTheFirstRoundRunsAtOnce) {
    ScheduleConfig config;
    config.boot_delay = 0s;
    EXPECT_EQ(started(config).next(), 1h);
}

TEST(Schedule, ARestartDoesNotRunARoundThatIsNotDue) {
    EXPECT_EQ(started({}, 5h, 0).next(), 1h + 1h) << "one hour of six is left";
    EXPECT_EQ(started({}, 5h + 59min, 0).next(), 1h + 2min) << "never before the boot delay";
    EXPECT_EQ(started({}, 7h, 0).next(), 1h + 2min) << "overdue";
}

TEST(Schedule, ACrashLoopDoesNotAddRounds) {
    for (const std::uint64_t machine : {std::uint64_t{0}, kMachine, UINT64_MAX}) {
        Schedule schedule(ScheduleConfig{}, machine);
        schedule.start(1h, {.since_last = 10min}, 0.1);
        EXPECT_EQ(schedule.next(), 1h + 5h + 50min) << "a round ran ten minutes ago";
    }
}

Schedule booted(const PastRounds& past, double chance) {
    Schedule schedule(ScheduleConfig{}, kMachine);
    schedule.start(30s, past, chance);
    return schedule;
}

TEST(Schedule, AfterAPowerCutAFleetSpreadsOverAnHour) {
    EXPECT_EQ(booted({.since_last = 10h}, 0).next(), 30s + 2min);
    EXPECT_EQ(booted({.since_last = 10h}, 0.5).next(), 30s + 2min + 27min);
    EXPECT_EQ(booted({}, 0.5).next(), 30s + 6min) << "a machine that knows nothing is in more of a hurry";
    Schedule later(ScheduleConfig{}, kMachine);
    later.start(1h, {.since_last = 10h}, 0.5);
    EXPECT_EQ(later.next(), 1h + 6min) << "only the process was restarted, and that befalls no fleet at once";
}

TEST(Schedule, ServicesThatFindNoSourceWhileTheyStartDoNotMakeAFleetAskAtOnce) {
    auto schedule = booted({.since_last = 10h}, 0.5);
    EXPECT_FALSE(schedule.trigger(Trigger::sources_dead, 32s, 0)) << "every machine of the fleet sees that";
    EXPECT_EQ(schedule.next(), 30s + 2min + 27min);
    schedule = booted({.since_last = 1h}, 0.5);
    EXPECT_TRUE(schedule.trigger(Trigger::sources_dead, 32s, 0)) << "a round was not due";
    EXPECT_EQ(schedule.next(), 30s + 2min + 27min);
}

TEST(Schedule, ACrashInEveryRoundAsksAsSeldomAsAFailureInEveryRound) {
    PastRounds past{.since_last = 10s, .cut_short = true, .useless = 1};
    int rounds = 1;
    for (Duration now = 1h; now < 25h; ++rounds) {
        Schedule schedule(ScheduleConfig{}, kMachine);
        schedule.start(now, past, 0.5);
        EXPECT_GE(schedule.next() - now, 1h - 10s);
        EXPECT_EQ(schedule.reason(), "retry");
        now = schedule.next() + 10s;
        ++past.useless;
    }
    EXPECT_LE(rounds, 8);
}

TEST(Schedule, NoTriggerBreaksTheRestAfterACrash) {
    Schedule schedule(ScheduleConfig{}, kMachine);
    schedule.start(1h, {.since_last = 10s, .cut_short = true, .useless = 1}, 0.5);
    EXPECT_FALSE(schedule.trigger(Trigger::network_changed, 1h + 20min, 0.5));
    EXPECT_EQ(schedule.next(), 1h - 10s + 65min);
}

TEST(Schedule, ARestartDoesNotForgetThatRoundsWereUseless) {
    Schedule schedule(ScheduleConfig{}, kMachine);
    schedule.start(1h, {.since_last = 30min, .useless = 3}, 0.5);
    EXPECT_EQ(schedule.next(), 1h + 90min) << "two hours after the third";
}

TEST(Schedule, ACrashLoopDoesNotRefillTheBucketOfTriggers) {
    Schedule schedule(ScheduleConfig{}, kMachine);
    schedule.start(1h, {.since_last = 1h, .tokens = 0.5}, 0.5);
    EXPECT_FALSE(schedule.trigger(Trigger::network_changed, 1h + 10min, 0.5));
    EXPECT_TRUE(schedule.trigger(Trigger::network_changed, 1h + 2h + 10min, 0.5)) << "six hours give one";
}

TEST(Schedule, IntervalsAreSplayedAroundTheirMean) {
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    EXPECT_EQ(schedule.next(), 2h + 3h + 3h) << "the first distance is half an interval and the machine's phase";
    schedule.finished(5h, true, 0.0);
    EXPECT_EQ(schedule.next(), 5h + 6h - 18min);
    schedule.finished(5h, true, 0.5);
    EXPECT_EQ(schedule.next(), 11h);
}

TEST(Schedule, UselessRoundsAreRepeatedSoonerAndSoonerLess) {
    auto schedule = started();
    Duration now = 2h;
    for (const auto wait : {Duration(30min), Duration(1h), Duration(2h), Duration(4h), Duration(6h), Duration(6h)}) {
        schedule.finished(now, false, 0.5);
        EXPECT_EQ(schedule.next(), now + wait);
        EXPECT_EQ(schedule.reason(), "retry");
        now = schedule.next();
    }
    schedule.finished(now, true, 0.5);
    EXPECT_GT(schedule.next(), now + 2h);
    schedule.finished(now, false, 0.5);
    EXPECT_EQ(schedule.next(), now + 30min) << "a good round forgives";
}

TEST(Schedule, ATriggerSettlesFirst) {
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    EXPECT_TRUE(schedule.trigger(Trigger::network_changed, 3h, 0.5));
    EXPECT_EQ(schedule.next(), 3h + 30s);
    EXPECT_EQ(schedule.reason(), "network_changed");
    EXPECT_FALSE(schedule.trigger(Trigger::resumed, 3h + 1s, 0.5)) << "it joins the round that comes";
}

TEST(Schedule, ASleepThatOutlastsTheRoundsTimeDoesNotRunItBeforeThereIsANetwork) {
    for (const auto trigger : {Trigger::resumed, Trigger::network_changed}) {
        auto schedule = started();
        schedule.finished(2h, true, 0.5);
        const auto tokens = schedule.tokens();
        EXPECT_TRUE(schedule.trigger(trigger, 20h, 0.5));
        EXPECT_EQ(schedule.next(), 20h + 30s);
        EXPECT_EQ(schedule.reason(), "schedule") << "it was due anyhow";
        EXPECT_EQ(schedule.tokens(), tokens) << "and costs nothing";
    }
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    EXPECT_FALSE(schedule.trigger(Trigger::sources_dead, 20h, 0.5));
    EXPECT_EQ(schedule.next(), 8h) << "that is a reason to ask now";
}

TEST(Schedule, ARoundThatIsDueIsNotPutOffForEver) {
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    Duration now = 8h;
    while (schedule.trigger(Trigger::network_changed, now, 0.5) && now < 9h)
        now = schedule.next();
    EXPECT_EQ(schedule.next(), 8h + 2min);
    schedule.finished(now, true, 0.5);
    EXPECT_TRUE(schedule.trigger(Trigger::resumed, 20h, 0.5)) << "another round";
}

TEST(Schedule, TriggersComeNoCloserThanTenMinutesToARound) {
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    EXPECT_TRUE(schedule.trigger(Trigger::unsynchronised, 2h + 1min, 0));
    EXPECT_EQ(schedule.next(), 2h + 10min);
}

TEST(Schedule, ARestartDoesNotForgetThatARoundHasJustRun) {
    auto schedule = started({}, 1min);
    EXPECT_TRUE(schedule.trigger(Trigger::sources_dead, 1h, 0));
    EXPECT_EQ(schedule.next(), 1h + 9min);
}

TEST(Schedule, AFlappingNetworkCausesNoStorm) {
    auto schedule = started();
    Duration now = 2h;
    schedule.finished(now, true, 0.5);
    int rounds = 0;
    const auto end = now + 24h;
    for (; now < end; now += 5s) {
        schedule.trigger(Trigger::network_changed, now, 0.5);
        if (now < schedule.next()) continue;
        ++rounds;
        schedule.finished(now, true, 0.5);
    }
    EXPECT_LE(rounds, 4 + 4 + 4) << "the bucket, its refill, and the rounds of the schedule";
    EXPECT_GE(rounds, 4 + 3) << "every one is put off a little, the last one beyond the day";
}

TEST(Schedule, ANewIntervalMovesTheNextRoundButNotIntoThePast) {
    auto schedule = started();
    schedule.finished(2h, true, 0.5);
    ScheduleConfig config;
    config.interval = 1h;
    schedule.configure(config, 2h + 10min);
    EXPECT_EQ(schedule.next(), 3h);
    config.interval = 30min;
    schedule.configure(config, 2h + 50min);
    EXPECT_EQ(schedule.next(), 2h + 50min);
}

TEST(Schedule, MachinesBootedTogetherSpreadOverTheInterval) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> chance;
    std::vector<double> hours;
    for (int machine = 0; machine < 10'000; ++machine) {
        Schedule schedule(ScheduleConfig{}, random());
        schedule.start(0s, {}, chance(random));
        for (int round = 0; round < 3; ++round)
            schedule.finished(schedule.next(), true, chance(random));
        hours.push_back(to_seconds(schedule.next()) / 3600);
    }
    // Six hour-wide bins hold the fleet, each hardly more than its share.
    std::vector<int> bins(24);
    for (const auto hour : hours)
        ++bins.at(static_cast<std::size_t>(hour));
    EXPECT_LE(*std::max_element(bins.begin(), bins.end()), 10'000 / 6 * 5 / 4);
}

}  // namespace
}  // namespace ntpopt
