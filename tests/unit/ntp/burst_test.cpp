// The burst as a script of events and actions, and the same script with a failure put in at every step.
#include "daemon/core/ntp/burst.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr Duration kUnix = std::chrono::seconds(1'800'000'000);
constexpr Nonces kNonces{11, 22, 33, 44, 55, 66, 77, 88};
constexpr BurstPlan kPlan{3, 2s, 5s, 100ms};

/// The server's answer to a request, with the server `ahead` of us and `delay` between us, half on each leg.
HeaderBytes answer(std::size_t sequence, Duration sent, Duration ahead, Duration delay) {
    Packet packet;
    packet.version = 4;
    packet.mode = 4;
    packet.stratum = 2;
    packet.refid = static_cast<std::uint32_t>(sequence + 1);  // tells the headers apart
    packet.origin.bits = kNonces[sequence];
    packet.receive = packet.transmit = from_unix(kUnix + sent + delay / 2 + ahead);
    return render_packet(packet);
}

HeaderBytes kiss(std::size_t sequence, const char* code) {
    Packet packet;
    packet.version = 4;
    packet.mode = 4;
    packet.leap = 3;
    for (int i = 0; i < 4; ++i)
        packet.refid = packet.refid << 8 | static_cast<std::uint8_t>(code[i]);
    packet.origin.bits = kNonces[sequence];
    return render_packet(packet);
}

/// Runs a burst in simulated time: the world answers what it wants, when it wants.
class Simulation {
  public:
    explicit Simulation(BurstPlan plan = kPlan) : burst(plan, kNonces, kUnix) {}

    /// What becomes of a request; nothing: it is lost.
    struct Fate {
        Duration delay = 20ms;
        bool send_fails = false;
        std::optional<HeaderBytes> instead{};  ///< of a right answer
        int copies = 1;
    };
    std::map<std::size_t, std::optional<Fate>> fates;  ///< by sequence; a right answer after 20 ms where there is none
    Duration ahead = 250ms;
    std::optional<Duration> sleeps_at;

    Measurement run() {
        perform(burst.start(now));
        while (!done) {
            const auto arrival = arrivals.empty() ? kNever : arrivals.begin()->first;
            now = std::min(wake, arrival);
            if (now > 1h) {
                ADD_FAILURE() << "the burst never ends";
                break;
            }
            if (sleeps_at && now >= *sleeps_at) {
                burst.on_resume(kUnix);
                sleeps_at.reset();
            }
            if (arrival <= wake) {
                const auto bytes = arrivals.begin()->second;
                arrivals.erase(arrivals.begin());
                perform(burst.on_packet(now, bytes, now));
            } else {
                perform(burst.on_timer(now));
            }
        }
        return burst.take_measurement();
    }

    Burst burst;
    std::vector<Duration> sendings;
    Duration now = 0s;
    bool done = false;

  private:
    void perform(BurstAction action) {
        while (const auto* send = std::get_if<SendRequest>(&action)) {
            sendings.push_back(now);
            EXPECT_EQ(send->bytes, render_request(kNonces[send->sequence]));
            const auto fate = fates.contains(send->sequence) ? fates[send->sequence] : Fate();
            if (fate && fate->send_fails) {
                action = burst.on_send_failed(now, send->sequence, "Network is unreachable");
                continue;
            }
            if (fate)
                for (int copy = 0; copy < fate->copies; ++copy)
                    arrivals.emplace(now + fate->delay,
                                     fate->instead.value_or(answer(send->sequence, now, ahead, fate->delay)));
            action = burst.on_sent(now, send->sequence, now);
        }
        done = std::holds_alternative<BurstDone>(action);
        if (const auto* wait = std::get_if<WakeAt>(&action)) {
            EXPECT_GE(wait->when, now);
            wake = wait->when;
        }
    }

    Duration wake = kNever;
    std::multimap<Duration, HeaderBytes> arrivals;
};

TEST(Burst, SendsThreeRequestsTwoSecondsApartAndEndsWithTheLastAnswer) {
    Simulation world;
    const auto result = world.run();
    EXPECT_EQ(world.sendings, (std::vector<Duration>{100ms, 2100ms, 4100ms}));
    EXPECT_EQ(world.now, 4120ms);
    ASSERT_EQ(result.received(), 3);
    for (const auto& sample : result.samples) {
        EXPECT_NEAR(sample->offset_s, 0.25, 1e-9);
        EXPECT_NEAR(sample->delay_s, 0.02, 1e-9);
    }
    EXPECT_EQ(result.refused, 0);
    EXPECT_EQ(result.failure, "");
}

TEST(Burst, KeepsItsSpacingWhateverIsLost) {
    Simulation world;
    world.fates[0] = world.fates[1] = std::nullopt;
    const auto result = world.run();
    EXPECT_EQ(world.sendings, (std::vector<Duration>{100ms, 2100ms, 4100ms}));
    EXPECT_EQ(result.received(), 1);
    EXPECT_FALSE(result.samples[0] || result.samples[1]);
    EXPECT_TRUE(result.samples[2]);
    // The first request's timeout is over at 5.1 s, the second's at 7.1 s: their answers could still have come.
    EXPECT_EQ(world.now, 7100ms);
}

TEST(Burst, NeverRetries) {
    Simulation world;
    for (std::size_t i = 0; i < 3; ++i)
        world.fates[i] = std::nullopt;
    const auto result = world.run();
    EXPECT_EQ(world.sendings.size(), 3U);
    EXPECT_EQ(result.sent(), 3);
    EXPECT_EQ(result.received(), 0);
    EXPECT_EQ(world.now, 4100ms + 5s);
}

TEST(Burst, OneGoodAnswerIsEnoughWhereThatWasAgreed) {
    Simulation world({3, 2s, 5s, 100ms, true});
    const auto result = world.run();
    EXPECT_EQ(world.sendings, (std::vector<Duration>{100ms}));
    EXPECT_EQ(world.now, 120ms);
    EXPECT_EQ(result.sent(), 1);
    EXPECT_EQ(result.received(), 1);
}

TEST(Burst, WhatIsNotWellAtTheFirstRequestIsAskedToTheEndWhateverWasAgreed) {
    Packet unsynchronised;
    unsynchronised.version = 4;
    unsynchronised.mode = 4;
    unsynchronised.leap = 3;
    unsynchronised.stratum = 16;
    unsynchronised.origin.bits = kNonces[0];
    Packet hasty;  // it held the request for longer than we waited
    hasty.version = 4;
    hasty.mode = 4;
    hasty.stratum = 2;
    hasty.origin.bits = kNonces[0];
    hasty.receive = from_unix(kUnix + 100ms);
    hasty.transmit = from_unix(kUnix + 600ms);
    const std::pair<const char*, std::optional<Simulation::Fate>> cases[] = {
        {"lost", std::nullopt},
        {"not sent", Simulation::Fate{.send_fails = true}},
        {"later than the second request", Simulation::Fate{.delay = 3s}},
        {"unsynchronised", Simulation::Fate{.instead = render_packet(unsynchronised)}},
        {"another's answer", Simulation::Fate{.instead = answer(7, 100ms, 0ms, 1ms)}},
        {"a delay below nothing", Simulation::Fate{.delay = 1ms, .instead = render_packet(hasty)}},
    };
    for (const auto& [what, fate] : cases) {
        Simulation world({3, 2s, 5s, 100ms, true});
        world.fates[0] = fate;
        EXPECT_EQ(world.run().sent(), 3) << what;
    }
}

TEST(Burst, ALateAnswerBelongsToItsOwnRequest) {
    Simulation world;
    world.fates[0] = Simulation::Fate{.delay = 3s};
    const auto result = world.run();
    ASSERT_EQ(result.received(), 3);
    EXPECT_NEAR(result.samples[0]->delay_s, 3, 1e-9);
    EXPECT_NEAR(result.samples[0]->offset_s, 0.25, 1e-9);
    EXPECT_NEAR(result.samples[1]->delay_s, 0.02, 1e-9);
}

TEST(Burst, AnAnswerAfterItsTimeoutIsRefused) {
    Simulation world({4, 2s, 5s, 0s});
    world.fates[0] = Simulation::Fate{.delay = 5s + 1ms};
    const auto result = world.run();
    EXPECT_FALSE(result.samples[0]);
    EXPECT_EQ(result.refused, 1);
    EXPECT_EQ(result.refusal, describe(Refusal::late));
}

TEST(Burst, ADuplicateCountsOnce) {
    Simulation world;
    world.fates[0] = Simulation::Fate{.copies = 3};
    const auto result = world.run();
    EXPECT_EQ(result.received(), 3);
    EXPECT_EQ(result.refused, 2);
    EXPECT_EQ(result.refusal, describe(Refusal::duplicate));
}

TEST(Burst, AKissOfDeathEndsItAndIsNoSample) {
    for (const char* code : {"RATE", "DENY", "RSTR"}) {
        Simulation world;
        world.fates[1] = Simulation::Fate{.instead = kiss(1, code)};
        const auto result = world.run();
        EXPECT_EQ(world.sendings.size(), 2U);
        EXPECT_EQ(world.now, 2120ms);
        EXPECT_EQ(result.kiss, code);
        EXPECT_EQ(result.received(), 1);
        EXPECT_EQ(result.sent(), 2);
    }
}

TEST(Burst, AnUnknownKissIsNotedAndTheBurstGoesOn) {
    Simulation world;
    world.fates[0] = Simulation::Fate{.instead = kiss(0, "XYZ1")};
    const auto result = world.run();
    EXPECT_EQ(result.kiss, "XYZ1");
    EXPECT_EQ(result.received(), 2);
}

TEST(Burst, AnUnsynchronisedServerLeavesItsHeaderOnly) {
    Packet packet;
    packet.version = 4;
    packet.mode = 4;
    packet.leap = 3;
    packet.stratum = 16;
    Simulation world;
    for (std::size_t i = 0; i < 3; ++i) {
        packet.origin.bits = kNonces[i];
        world.fates[i] = Simulation::Fate{.instead = render_packet(packet)};
    }
    const auto result = world.run();
    EXPECT_EQ(result.received(), 0);
    EXPECT_EQ(result.refused, 0);
    ASSERT_TRUE(result.header);
    EXPECT_EQ(result.header->leap, 3);
    EXPECT_EQ(result.header->stratum, 16);
}

TEST(Burst, TheHeaderComesFromTheFastestAnswer) {
    Simulation world;
    world.fates[0] = Simulation::Fate{.delay = 30ms};
    world.fates[1] = Simulation::Fate{.delay = 10ms};
    const auto result = world.run();
    EXPECT_EQ(result.header->refid, 2U);
}

TEST(Burst, AFailureToSendLeavesAGapAndItsReason) {
    Simulation world;
    for (std::size_t i = 0; i < 3; ++i)
        world.fates[i] = Simulation::Fate{.send_fails = true};
    const auto result = world.run();
    EXPECT_EQ(world.sendings, (std::vector<Duration>{100ms, 2100ms, 4100ms}));
    EXPECT_EQ(result.sent(), 3);
    EXPECT_EQ(result.failure, "Network is unreachable");
    EXPECT_EQ(world.now, 4100ms);
}

TEST(Burst, AForgedIcmpErrorStopsNothing) {
    Simulation world;
    world.burst.on_network_error("Connection refused");
    const auto result = world.run();
    EXPECT_EQ(result.received(), 3);
    EXPECT_EQ(result.failure, "");
}

TEST(Burst, AKernelTransmitStampReplacesOurReading) {
    Burst burst({1, 2s, 5s, 0s}, kNonces, kUnix);
    ASSERT_TRUE(std::holds_alternative<SendRequest>(burst.start(1s)));
    ASSERT_TRUE(std::holds_alternative<WakeAt>(burst.on_sent(1s, 0, 1s)));
    burst.on_transmit_stamp(0, 1s + 40us);
    burst.on_transmit_stamp(0, 1s - 1us);   // before we sent it
    burst.on_transmit_stamp(0, 4s);         // of another packet
    burst.on_transmit_stamp(5, 1s + 50us);  // of no request of ours
    const auto bytes = answer(0, 1s + 40us, 0s, 10ms);
    ASSERT_TRUE(std::holds_alternative<BurstDone>(burst.on_packet(1s + 10ms, bytes, 1s + 40us + 10ms)));
    const auto result = burst.take_measurement();
    EXPECT_NEAR(result.samples[0]->offset_s, 0, 1e-9);
    EXPECT_NEAR(result.samples[0]->delay_s, 0.01, 1e-9);
}

TEST(Burst, SpacingCountsFromTheRealSendingNotFromThePlan) {
    Burst burst(kPlan, kNonces, kUnix);
    ASSERT_TRUE(std::holds_alternative<WakeAt>(burst.start(0s)));
    ASSERT_TRUE(std::holds_alternative<SendRequest>(burst.on_timer(100ms)));
    EXPECT_EQ(std::get<WakeAt>(burst.on_timer(150ms)).when, kNever);  // the pacer holds it back
    EXPECT_EQ(std::get<WakeAt>(burst.on_sent(900ms, 0, 900ms)).when, 2900ms);
}

TEST(Burst, WhatStraddlesASuspendIsDiscarded) {
    Simulation world;
    world.sleeps_at = 2110ms;  // the second request is on its way, the first was answered
    const auto result = world.run();
    EXPECT_EQ(result.sent(), 3);
    EXPECT_FALSE(result.samples[0]);
    EXPECT_FALSE(result.samples[1]);
    EXPECT_TRUE(result.samples[2]);
}

TEST(Burst, ARequestThatNeverLeftIsNotCounted) {
    Burst burst(kPlan, kNonces, kUnix);
    ASSERT_TRUE(std::holds_alternative<WakeAt>(burst.start(0s)));
    ASSERT_TRUE(std::holds_alternative<SendRequest>(burst.on_timer(100ms)));
    EXPECT_EQ(burst.take_measurement().sent(), 0);
}

TEST(Burst, RequestsAreBounded) {
    for (const int requests : {-1, 0, 1, 8, 9, 1000}) {
        Simulation world({requests, 2s, 5s, 0s});
        const auto sent = world.run().sent();
        EXPECT_EQ(sent, std::clamp(requests, 1, 8));
    }
}

/// Every way in which a single step can go wrong, at every step: the burst ends, in time, with the other samples
/// intact.
class FailsAtEveryStep : public testing::TestWithParam<std::size_t> {};

TEST_P(FailsAtEveryStep, AndTheRestIsUnharmed) {
    Packet bad;
    bad.version = 4;
    bad.mode = 4;
    bad.stratum = 2;
    bad.origin.bits = 4711;
    const std::size_t step = GetParam();
    const std::vector<std::pair<const char*, std::optional<Simulation::Fate>>> failures{
        {"lost", std::nullopt},
        {"send fails", Simulation::Fate{.send_fails = true}},
        {"bogus", Simulation::Fate{.instead = render_packet(bad)}},
        {"late", Simulation::Fate{.delay = 6s}},
    };
    for (const auto& [what, fate] : failures) {
        Simulation world;
        world.fates[step] = fate;
        const auto result = world.run();
        EXPECT_EQ(world.sendings, (std::vector<Duration>{100ms, 2100ms, 4100ms})) << what;
        EXPECT_EQ(result.sent(), 3) << what;
        EXPECT_EQ(result.received(), 2) << what;
        for (std::size_t i = 0; i < 3; ++i)
            EXPECT_EQ(result.samples[i].has_value(), i != step) << what;
        EXPECT_LE(world.now, 9100ms) << what;
    }
}

INSTANTIATE_TEST_SUITE_P(Step, FailsAtEveryStep, testing::Values(0, 1, 2));

}  // namespace
}  // namespace ntpopt
