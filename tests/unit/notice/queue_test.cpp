// When a channel's messages go: gathered, spread, retried, given up.
#include "daemon/core/notice/queue.hpp"

#include <gmock/gmock.h>

#include "tests/unit/notice/samples.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

const Delivery kOk{true, false, {}};
const Delivery kDown{false, false, "nobody listens"};
const Delivery kRefused{false, true, "wrong password"};

ChannelQueue::Entry entry(std::uint64_t id) {
    return {id, test::changed_event(id)};
}

/// Lets every attempt that is due by `end` be made with this outcome; when they were.
std::vector<Duration> attempts(ChannelQueue& queue, Duration end, const Delivery& delivery) {
    std::vector<Duration> out;
    while (queue.due() && *queue.due() <= end) {
        const auto now = *queue.due();
        out.push_back(now);
        [[maybe_unused]] const auto events = queue.begin();
        [[maybe_unused]] const auto ended = queue.ended(now, delivery);
    }
    return out;
}

TEST(ChannelQueue, FiveHundredEventsInAMinuteAreTwoMessages) {
    ChannelQueue queue;
    std::size_t messages = 0;
    std::size_t told = 0;
    for (std::uint64_t i = 0; i < 500; ++i) {
        const Duration now = i * 120ms;
        if (queue.due() && *queue.due() <= now) {
            told += queue.begin().size();
            ++messages;
            EXPECT_EQ(queue.ended(now, kOk).removed.size(), told);
        }
        queue.add(entry(i + 1), now);
    }
    ASSERT_TRUE(queue.due());
    EXPECT_LE(*queue.due(), 2min);
    told += queue.begin().size();
    EXPECT_EQ(queue.ended(2min, kOk).given_up, 0U);
    EXPECT_EQ(messages + 1, 2U);
    EXPECT_EQ(told, 500U);
    EXPECT_FALSE(queue.due());
}

TEST(ChannelQueue, MessagesThatFollowEachOtherComeFurtherApartUntilItIsQuiet) {
    ChannelQueue queue;
    std::uint64_t id = 0;
    std::vector<Duration> sent;
    Duration now{};
    while (now < 12h) {
        queue.add(entry(++id), now);
        const auto due = *queue.due();
        sent.push_back(due);
        [[maybe_unused]] const auto events = queue.begin();
        [[maybe_unused]] const auto ended = queue.ended(due, kOk);
        now = due + 1s;
    }
    EXPECT_EQ(sent[0], 5s);
    EXPECT_LT(sent[1] - sent[0], 2min);
    EXPECT_LT(sent.size(), 25U);
    EXPECT_GE(sent.back() - sent[sent.size() - 2], 1h);
    queue.add(entry(++id), now + 3h);
    EXPECT_EQ(*queue.due(), now + 3h + 5s);
}

TEST(ChannelQueue, AServerThatIsDownForAnHourGetsOneMessageWithAll) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    const auto tried = attempts(queue, 1h, kDown);
    EXPECT_EQ(tried, (std::vector<Duration>{5s, 65s, 185s, 425s, 905s, 1865s}));
    queue.add(entry(2), 1h);
    const auto due = *queue.due();
    EXPECT_LT(due, 2h);
    EXPECT_EQ(queue.begin().size(), 2U);
    EXPECT_THAT(queue.ended(due, kOk).removed, testing::ElementsAre(1, 2));
    EXPECT_FALSE(queue.due());
}

TEST(ChannelQueue, IsGivenUpAfterADayAndToldOnce) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    int news = 0;
    int given_up = 0;
    Duration last{};
    while (queue.due()) {
        last = *queue.due();
        [[maybe_unused]] const auto events = queue.begin();
        const auto ended = queue.ended(last, kDown);
        news += ended.news ? 1 : 0;
        given_up += ended.given_up != 0 ? 1 : 0;
        EXPECT_EQ(ended.removed.size(), ended.given_up);
    }
    EXPECT_EQ(news, 1);
    EXPECT_EQ(given_up, 1);
    EXPECT_GT(last, 20h);
    EXPECT_LE(last, 24h + 5s);
}

TEST(ChannelQueue, WhatHappenedLateInAnOutageHasItsOwnDay) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    attempts(queue, 19h, kDown);
    queue.add(entry(2), 19h);
    const auto tried = attempts(queue, 24h + 5s, kDown);
    EXPECT_EQ(queue.size(), 1U) << "the first has had its day";
    EXPECT_EQ(queue.lost(), 1U) << "the next message says so";
    EXPECT_EQ(queue.first(), 2U);
    EXPECT_THAT(attempts(queue, 40h, kDown), testing::SizeIs(testing::Ge(4U)));
    EXPECT_EQ(queue.size(), 1U);
    attempts(queue, 43h + 5s, kDown);
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_FALSE(queue.due());
}

TEST(ChannelQueue, ReloadsAndRestartsTakeNothingFromTheDay) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    Duration now{};
    for (int i = 0; i < 50; ++i) {
        now += 1min;
        queue.retry_now(now);
        EXPECT_EQ(queue.begin().size(), 1U) << i;
        EXPECT_EQ(queue.ended(now, kRefused).given_up, 0U) << i;
        if (i % 2 == 0) {
            ChannelQueue next(*parse_json(render_json(queue.remembered())));
            next.add(entry(1), now);
            queue = std::move(next);
        }
    }
    EXPECT_EQ(queue.remembered()["waited"]["1"], 50 * 60);
}

TEST(ChannelQueue, AMachineThatSleptDidNotTryMeanwhile) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    EXPECT_EQ(queue.begin().size(), 1U);
    EXPECT_EQ(queue.ended(5s, kDown).given_up, 0U);
    EXPECT_EQ(queue.begin().size(), 1U);
    EXPECT_EQ(queue.ended(72h, kDown).given_up, 0U) << "woken before there is a network";
}

TEST(ChannelQueue, AWrongPasswordIsToldOnceAndTriedAfterAnHour) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    [[maybe_unused]] auto events = queue.begin();
    EXPECT_TRUE(queue.ended(5s, kRefused).news);
    EXPECT_EQ(*queue.due(), 5s + 1h);
    events = queue.begin();
    EXPECT_FALSE(queue.ended(5s + 1h, kRefused).news);
}

TEST(ChannelQueue, RemembersOverARestartWhatItToldAndHowLongItTried) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    auto events = queue.begin();
    ASSERT_TRUE(queue.ended(5s, kRefused).news);
    ChannelQueue next(*parse_json(render_json(queue.remembered())));
    EXPECT_EQ(next.problem(), "wrong password");
    next.add(entry(1), 0s);
    events = next.begin();
    EXPECT_FALSE(next.ended(5s, kRefused).news);
    EXPECT_EQ(next.remembered()["waited"]["1"], 5 + 5);
    events = next.begin();
    EXPECT_TRUE(next.ended(2h, kOk).removed.size() == 1 && next.problem().empty());
    next.add(entry(2), 10h);
    events = next.begin();
    EXPECT_TRUE(next.ended(10h, kRefused).news) << "it worked meanwhile";
}

TEST(ChannelQueue, WhatDoesNotReachEverybodyIsDeliveredAndToldOnceUntilItDoes) {
    const Delivery in_part{true, true, "gone@host.test (550 no such user)"};
    ChannelQueue queue;
    const auto send = [&](std::uint64_t id, Duration now, const Delivery& delivery) {
        queue.add(entry(id), now);
        [[maybe_unused]] const auto events = queue.begin();
        const auto ended = queue.ended(now, delivery);
        EXPECT_EQ(ended.removed.size(), delivery.ok ? 1U : 0U);
        return ended.news;
    };
    EXPECT_TRUE(send(1, 0h, in_part));
    EXPECT_TRUE(queue.in_part());
    EXPECT_EQ(queue.problem(), in_part.detail);
    EXPECT_FALSE(send(2, 2h, in_part));
    queue = ChannelQueue(*parse_json(render_json(queue.remembered())));
    EXPECT_TRUE(queue.in_part());
    EXPECT_FALSE(send(3, 4h, in_part)) << "also after a restart";
    EXPECT_FALSE(send(4, 6h, kOk));
    EXPECT_EQ(queue.problem(), "");
    EXPECT_FALSE(queue.in_part());
    EXPECT_TRUE(send(5, 8h, in_part));
    EXPECT_TRUE(send(6, 10h, kRefused)) << "that is another trouble";
    EXPECT_FALSE(queue.in_part());
}

TEST(ChannelQueue, HasRoomForAThousandAndCountsTheRest) {
    ChannelQueue queue;
    for (std::uint64_t i = 1; i <= 1000; ++i)
        EXPECT_FALSE(queue.add(entry(i), 0s));
    EXPECT_EQ(queue.add(entry(1001), 0s), 1U);
    EXPECT_EQ(queue.lost(), 1U);
    EXPECT_EQ(queue.begin().size(), 1000U);
}

TEST(ChannelQueue, WhatArrivesDuringAnAttemptIsOfTheNext) {
    ChannelQueue queue;
    queue.add(entry(1), 0s);
    [[maybe_unused]] const auto events = queue.begin();
    EXPECT_FALSE(queue.due()) << "one attempt at a time";
    queue.add(entry(2), 6s);
    EXPECT_FALSE(queue.due());
    EXPECT_THAT(queue.ended(7s, kOk).removed, testing::ElementsAre(1));
    EXPECT_EQ(*queue.due(), 67s);
}

}  // namespace
}  // namespace ntpopt
