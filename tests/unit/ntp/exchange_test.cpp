// Every sanity rule by name: a good reply, broken in one place at a time, and the refusal that it must earn.
#include "daemon/core/ntp/exchange.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kNonce = 0x0123456789abcdef;
constexpr Duration kUnix = std::chrono::seconds(1'800'000'000);
constexpr Duration kSent = 2s;
constexpr Duration kReceived = 2s + 20ms;

/// A world in which the server is `ahead` of us, and the answer took 5 ms there, 1 ms inside, 14 ms back.
struct World {
    Duration ahead = 250ms;
    Packet packet;
    std::array<Exchange, 2> exchanges;
    Duration received = kReceived;
    LocalClock clock{kUnix, -18};

    explicit World(Duration the_ahead = 250ms) : ahead(the_ahead) {
        packet.version = 4;
        packet.mode = 4;
        packet.stratum = 2;
        packet.precision_log2 = -23;
        packet.root_delay = 0x8000;
        packet.root_dispersion = 0x4000;
        packet.refid = 0xc0000201;
        packet.origin.bits = kNonce;
        packet.receive = from_unix(kUnix + kSent + 5ms + ahead);
        packet.transmit = from_unix(kUnix + kSent + 6ms + ahead);
        packet.reference = from_unix(kUnix + kSent + 6ms + ahead - 30s);
        exchanges[0] = Exchange{7, 0s, 5s, Exchange::State::waiting};
        exchanges[1] = Exchange{kNonce, kSent, kSent + 5s, Exchange::State::waiting};
    }

    [[nodiscard]] Reply check() const { return check_reply(render_packet(packet), exchanges, received, clock); }
};

TEST(Request, ShowsNothingButTheNonce) {
    HeaderBytes expected{};
    expected[0] = 0x23;  // leap 0, version 4, mode 3
    for (std::size_t i = 0; i < 8; ++i)
        expected[40 + i] = static_cast<std::uint8_t>(kNonce >> (56 - 8 * i));
    EXPECT_EQ(render_request(kNonce), expected);
}

TEST(Reply, GivesOffsetAndDelay) {
    const auto reply = World().check();
    ASSERT_EQ(reply.request, 1U);
    const auto& measured = std::get<Measured>(reply.content);
    EXPECT_NEAR(measured.sample.offset_s, 0.250 - 0.0045, 1e-9);  // half of 5 ms there minus 14 ms back
    EXPECT_NEAR(measured.sample.delay_s, 0.019, 1e-9);
    EXPECT_NEAR(measured.sample.t_s, 2.010, 1e-9);
    EXPECT_EQ(measured.header.stratum, 2);
    EXPECT_EQ(measured.header.leap, 0);
    EXPECT_EQ(measured.header.refid, 0xc0000201);
    EXPECT_EQ(measured.header.root_delay_s, 0.5);
    EXPECT_EQ(measured.header.root_dispersion_s, 0.25);
    EXPECT_NEAR(measured.header.reference_age_s, 30, 1e-9);
    EXPECT_EQ(measured.header.precision_log2, -23);
}

TEST(Reply, IsRightHoweverWrongTheLocalClockIs) {
    for (const Duration ahead : {Duration(-10h), Duration(24h * 365 * 20), Duration(24h * 365 * -3)}) {
        const auto reply = World(ahead).check();
        ASSERT_TRUE(std::holds_alternative<Measured>(reply.content));
        EXPECT_NEAR(std::get<Measured>(reply.content).sample.offset_s, to_seconds(ahead) - 0.0045, 1e-6);
    }
}

TEST(Reply, IsRightWhereTheLocalClockStartsIn1970) {
    World world(kUnix);
    world.clock.unix_at_zero = 0s;
    const auto reply = world.check();
    // The server is where it was: at kUnix + kUnix by the world's rule, that is in 2084, beyond the era's end.
    EXPECT_NEAR(std::get<Measured>(reply.content).sample.offset_s, to_seconds(kUnix + kUnix) - 0.0045, 1e-6);
}

TEST(Reply, IsRightAcrossTheEraOf2036) {
    World world(0s);
    const Duration era = std::chrono::seconds(2'085'978'496);
    world.clock.unix_at_zero = era - kSent - 3ms;
    world.packet.receive = from_unix(era - 1ms);
    world.packet.transmit = from_unix(era + 1ms);
    const auto reply = world.check();
    ASSERT_TRUE(std::holds_alternative<Measured>(reply.content));
    EXPECT_NEAR(std::get<Measured>(reply.content).sample.offset_s, 0.003 - 0.010, 1e-9);
}

struct RefusalRow {
    const char* rule;
    std::function<void(World&)> damage;
    Refusal refusal;
    bool spends_nonce;
};

class Refuses : public testing::TestWithParam<RefusalRow> {};

TEST_P(Refuses, IsRefused) {
    World world;
    GetParam().damage(world);
    const auto reply = world.check();
    ASSERT_TRUE(std::holds_alternative<Refusal>(reply.content));
    EXPECT_EQ(std::get<Refusal>(reply.content), GetParam().refusal);
    EXPECT_EQ(reply.request.has_value(), GetParam().spends_nonce);
    EXPECT_FALSE(describe(GetParam().refusal).empty());
}

INSTANTIATE_TEST_SUITE_P(
    Rule, Refuses,
    testing::Values(
        RefusalRow{"client_mode", [](World& w) { w.packet.mode = 3; }, Refusal::mode, false},
        RefusalRow{"broadcast_mode", [](World& w) { w.packet.mode = 5; }, Refusal::mode, false},
        RefusalRow{"version_2", [](World& w) { w.packet.version = 2; }, Refusal::version, false},
        RefusalRow{"version_5", [](World& w) { w.packet.version = 5; }, Refusal::version, false},
        RefusalRow{"zero_origin", [](World& w) { w.packet.origin = {}; }, Refusal::zero_origin, false},
        RefusalRow{"bogus_origin", [](World& w) { w.packet.origin.bits ^= 1; }, Refusal::bogus_origin, false},
        RefusalRow{"unsent_nonce", [](World& w) { w.exchanges[1].state = Exchange::State::unsent; },
                   Refusal::bogus_origin, false},
        RefusalRow{"duplicate", [](World& w) { w.exchanges[1].state = Exchange::State::answered; }, Refusal::duplicate,
                   false},
        RefusalRow{"after_timeout", [](World& w) { w.exchanges[1].deadline = kReceived - 1ns; }, Refusal::late, false},
        RefusalRow{"straddles_suspend", [](World& w) { w.exchanges[1].state = Exchange::State::failed; }, Refusal::late,
                   false},
        RefusalRow{"zero_receive", [](World& w) { w.packet.receive = {}; }, Refusal::no_timestamps, true},
        RefusalRow{"zero_transmit", [](World& w) { w.packet.transmit = {}; }, Refusal::no_timestamps, true},
        RefusalRow{"sent_before_received",
                   [](World& w) { w.packet.transmit = from_unix(to_unix(w.packet.receive, kUnix) - 1ns); },
                   Refusal::processing_time, true},
        RefusalRow{"more_than_1_s_inside",
                   [](World& w) { w.packet.transmit = from_unix(to_unix(w.packet.receive, kUnix) + 1s + 1ns); },
                   Refusal::processing_time, true},
        RefusalRow{"negative_delay",
                   [](World& w) { w.packet.transmit = from_unix(to_unix(w.packet.receive, kUnix) + 20ms + 4us); },
                   Refusal::negative_delay, true}),
    [](const auto& row) { return std::string(row.param.rule); });

TEST(Reply, ShortPacketIsRefused) {
    const World world;
    const auto bytes = render_packet(world.packet);
    const auto reply = check_reply(std::span(bytes).first(47), world.exchanges, world.received, world.clock);
    EXPECT_EQ(std::get<Refusal>(reply.content), Refusal::short_packet);
}

TEST(Reply, DelayMayBeNegativeByOurPrecision) {
    World world;
    world.packet.transmit = from_unix(to_unix(world.packet.receive, kUnix) + 20ms + 3us);
    const auto reply = world.check();
    ASSERT_TRUE(std::holds_alternative<Measured>(reply.content));
    EXPECT_LT(std::get<Measured>(reply.content).sample.delay_s, 0);
}

TEST(Reply, ExactlyOneSecondInsideIsAccepted) {
    World world;
    world.packet.transmit = from_unix(to_unix(world.packet.receive, kUnix) + 1s);
    world.received = kSent + 1s + 19ms;
    EXPECT_TRUE(std::holds_alternative<Measured>(world.check().content));
}

TEST(Reply, ExtremeRootValuesAreReportedNotJudged) {
    World world;
    world.packet.root_delay = world.packet.root_dispersion = 0xffffffff;
    world.packet.reference = {};
    const auto reply = world.check();
    const auto& header = std::get<Measured>(reply.content).header;
    EXPECT_NEAR(header.root_delay_s, 65536, 1e-3);
    EXPECT_TRUE(std::isfinite(header.reference_age_s));
}

TEST(Reply, Version3IsAccepted) {
    World world;
    world.packet.version = 3;
    EXPECT_TRUE(std::holds_alternative<Measured>(world.check().content));
}

struct SilentRow {
    const char* what;
    std::uint8_t leap;
    std::uint8_t stratum;
    std::uint32_t refid;
};

class NotSynchronised : public testing::TestWithParam<SilentRow> {};

TEST_P(NotSynchronised, KeepsTheHeader) {
    World world;
    world.packet.leap = GetParam().leap;
    world.packet.stratum = GetParam().stratum;
    world.packet.refid = GetParam().refid;
    world.packet.receive = {};
    const auto reply = world.check();
    EXPECT_EQ(reply.request, 1U);
    ASSERT_TRUE(std::holds_alternative<Unsynchronised>(reply.content));
    EXPECT_EQ(std::get<Unsynchronised>(reply.content).header.stratum, GetParam().stratum);
    EXPECT_EQ(std::get<Unsynchronised>(reply.content).header.leap, GetParam().leap);
}

INSTANTIATE_TEST_SUITE_P(
    Rule, NotSynchronised,
    testing::Values(SilentRow{"leap_3", 3, 2, 0xc0000201}, SilentRow{"stratum_0", 0, 0, 0},
                    SilentRow{"stratum_0_illegible", 3, 0, 0x01020304},
                    SilentRow{"stratum_0_inner_zero", 3, 0, 0x52004154}, SilentRow{"stratum_16", 0, 16, 0xc0000201},
                    SilentRow{"stratum_255", 0, 255, 0xc0000201}, SilentRow{"stratum_0_GPS", 3, 0, 0x47505300},
                    SilentRow{"kiss_INIT", 3, 0, 0x494e4954}, SilentRow{"kiss_STEP", 3, 0, 0x53544550}),
    [](const auto& row) { return std::string(row.param.what); });

struct KissRow {
    const char* code;
    std::uint32_t refid;
    bool ends;
};

class Kisses : public testing::TestWithParam<KissRow> {};

TEST_P(Kisses, AreNoSamples) {
    World world;
    world.packet.leap = 3;
    world.packet.stratum = 0;
    world.packet.refid = GetParam().refid;
    world.packet.receive = world.packet.transmit = world.packet.origin;  // as ntpd fills them
    const auto reply = world.check();
    EXPECT_EQ(reply.request, 1U);
    ASSERT_TRUE(std::holds_alternative<Kiss>(reply.content));
    EXPECT_EQ(std::get<Kiss>(reply.content).code, GetParam().code);
    EXPECT_EQ(ends_burst(GetParam().code), GetParam().ends);
}

TEST_P(Kisses, WithAWrongOriginAreNothing) {
    World world;
    world.packet.stratum = 0;
    world.packet.refid = GetParam().refid;
    world.packet.origin.bits += 1;
    EXPECT_EQ(std::get<Refusal>(world.check().content), Refusal::bogus_origin);
}

INSTANTIATE_TEST_SUITE_P(Rule, Kisses,
                         testing::Values(KissRow{"RATE", 0x52415445, true}, KissRow{"DENY", 0x44454e59, true},
                                         KissRow{"RSTR", 0x52535452, true}, KissRow{"NTSN", 0x4e54534e, false},
                                         KissRow{"XFOO", 0x58464f4f, false}),
                         [](const auto& row) { return std::string(row.param.code); });

}  // namespace
}  // namespace ntpopt
