// The fake servers themselves: their lines, commands and bytes. What they do on the network is seen in
// tests/loop/prober.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/core/ntp/packet.hpp"
#include "tests/fakentp/answer.hpp"
#include "tests/fakentp/commands.hpp"

namespace ntpopt::fakentp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Spec, ReadsEveryKey) {
    const auto spec = parse_spec(
        "127.10.1.1:11123 name=liar forward=15ms backward=5ms jitter=1ms shape=gaussian loss=12.5% offset=-50ms "
        "drift=-3.5 "
        "stratum=1 leap=2 precision=-20 refid=PPS root_delay=2ms root_dispersion=3ms reference_age=-4s silent=yes "
        "kod=RATE "
        "fault=wrong_origin copies=2 late=7s");
    ASSERT_TRUE(spec) << spec.error().detail;
    EXPECT_EQ(spec->name, "liar");
    EXPECT_EQ(spec->address.text(), "127.10.1.1");
    EXPECT_EQ(spec->port, 11123);
    EXPECT_EQ(spec->forward, 15ms);
    EXPECT_EQ(spec->backward, 5ms);
    EXPECT_EQ(spec->jitter, 1ms);
    EXPECT_EQ(spec->shape, JitterShape::gaussian);
    EXPECT_DOUBLE_EQ(spec->loss, 0.125);
    EXPECT_EQ(spec->offset, -50ms);
    EXPECT_DOUBLE_EQ(spec->drift_ppm, -3.5);
    EXPECT_EQ(spec->stratum, 1);
    EXPECT_EQ(spec->leap, 2);
    EXPECT_EQ(spec->precision_log2, -20);
    EXPECT_EQ(spec->refid, 0x50505300U);
    EXPECT_EQ(spec->root_delay, 2ms);
    EXPECT_EQ(spec->root_dispersion, 3ms);
    EXPECT_EQ(spec->reference_age, -4s);
    EXPECT_TRUE(spec->silent);
    EXPECT_EQ(spec->kod, "RATE");
    EXPECT_EQ(spec->fault, Fault::wrong_origin);
    EXPECT_EQ(spec->copies, 2);
    EXPECT_EQ(spec->late, 7s);
}

TEST(Spec, DelayIsHalvedOverTheLegs) {
    const auto spec = parse_spec("[::1]:123 delay=21ms").value();
    EXPECT_EQ(spec.forward + spec.backward, 21ms);
    EXPECT_EQ(spec.forward, 10500us);
    EXPECT_EQ(spec.name, "::1");
}

TEST(Spec, UnsynchronisedIsLeapThreeAtStratumZero) {
    const auto spec = parse_spec("127.0.0.1 unsynchronised=yes").value();
    EXPECT_EQ(spec.leap, 3);
    EXPECT_EQ(spec.stratum, 0);
}

TEST(Spec, NamesWhatItDoesNotUnderstand) {
    for (const auto& [line, word] :
         std::vector<std::pair<std::string, std::string>>{{"time.example", "time.example"},
                                                          {"127.0.0.1 ofset=1ms", "ofset"},
                                                          {"127.0.0.1 offset", "offset"},
                                                          {"127.0.0.1 offset=fast", "offset"},
                                                          {"127.0.0.1 loss=101%", "loss"},
                                                          {"127.0.0.1 stratum=-1", "stratum"},
                                                          {"127.0.0.1 stratum=2x", "stratum"},
                                                          {"127.0.0.1 fault=odd", "fault"},
                                                          {"127.0.0.1 kod=TOOLONG", "kod"},
                                                          {"127.0.0.1 refid=ABCDE", "refid"},
                                                          {"127.0.0.1 silent=maybe", "silent"},
                                                          {"127.0.0.1 copies=0", "copies"},
                                                          {"127.0.0.1 drift=nan", "drift"},
                                                          {"", ""}}) {
        const auto spec = parse_spec(line);
        ASSERT_FALSE(spec) << line;
        EXPECT_THAT(spec.error().detail, HasSubstr(word)) << line;
    }
}

TEST(Spec, AWrongChangeChangesNothing) {
    auto spec = parse_spec("127.0.0.1 offset=1s").value();
    EXPECT_FALSE(change_spec(spec, "offset=2s stratum=x"));
    EXPECT_EQ(spec.offset, 1s);
}

TEST(Spec, TheHelpHasALineForEveryKey) {
    for (const char* key : {"delay", "jitter", "offset", "fault", "kod", "late", "unsynchronised"})
        EXPECT_THAT(describe_keys(), HasSubstr(std::string("  ") + key));
}

class Answer : public testing::Test {
  protected:
    Answer() {
        request[0] = 0x23;
        for (std::size_t i = 40; i < 48; ++i)
            request[i] = static_cast<std::uint8_t>(i);
    }
    [[nodiscard]] std::vector<std::uint8_t> make(const std::string& line) {
        return make_answer(parse_spec(line).value(), request, times, random);
    }

    Request request{};
    ServerTimes times{1'800'000'000'123'456'789, 1'800'000'000'123'556'789};
    std::mt19937_64 random{1};
};

TEST_F(Answer, IsWhatTheDaemonsOwnParserReads) {
    const auto packet = parse_packet(make("127.1.2.3 stratum=3 leap=1 root_delay=500ms root_dispersion=250ms")).value();
    EXPECT_EQ(packet.leap, 1);
    EXPECT_EQ(packet.version, 4);
    EXPECT_EQ(packet.mode, 4);
    EXPECT_EQ(packet.stratum, 3);
    EXPECT_EQ(packet.root_delay, 0x8000U);
    EXPECT_EQ(packet.root_dispersion, 0x4000U);
    EXPECT_EQ(packet.refid, 0x0a010203U);
    EXPECT_EQ(packet.origin.bits, 0x28292a2b2c2d2e2fU);
    EXPECT_EQ(difference(packet.transmit, packet.receive), 100us);
    EXPECT_EQ(difference(packet.transmit, packet.reference), 16s);
    EXPECT_NEAR(static_cast<double>((to_unix(packet.receive, 1'800'000'000s) - Duration(times.receive)).count()), 0, 1);
}

TEST_F(Answer, OfAKissRepeatsTheClientsTime) {
    const auto packet = parse_packet(make("127.1.2.3 kod=DENY")).value();
    EXPECT_EQ(packet.stratum, 0);
    EXPECT_EQ(packet.leap, 3);
    EXPECT_EQ(packet.refid, 0x44454e59U);
    EXPECT_EQ(packet.receive, packet.origin);
    EXPECT_EQ(packet.transmit, packet.origin);
}

TEST_F(Answer, HasTheSizeOfItsFault) {
    EXPECT_EQ(make("127.1.2.3").size(), 48U);
    EXPECT_EQ(make("127.1.2.3 fault=empty").size(), 0U);
    EXPECT_EQ(make("127.1.2.3 fault=cut").size(), 47U);
    EXPECT_EQ(make("127.1.2.3 fault=trailer").size(), 1048U);
}

TEST(Commands, ChangeARunningFleet) {
    Fleet fleet;
    auto spec = parse_spec("127.0.0.1 name=one").value();
    spec.port = 0;
    ASSERT_TRUE(fleet.add(spec));
    EXPECT_EQ(run_command(fleet, "set one offset=5s silent=yes").value(), "ok\n");
    EXPECT_EQ(run_command(fleet, "die one").value(), "ok\n");
    EXPECT_EQ(run_command(fleet, "revive one").value(), "ok\n");
    EXPECT_EQ(run_command(fleet, "count one").value(),
              "count one requests=0 answers=0 lost=0 ignored=0 least_spacing=0\n");
    EXPECT_EQ(run_command(fleet, "count").value(), run_command(fleet, "count one").value());
    EXPECT_EQ(run_command(fleet, "  # a comment").value(), "");
    EXPECT_EQ(run_command(fleet, "").value(), "");
    for (const char* line : {"set two offset=5s", "set one ofset=1s", "set one name=two", "die two", "count two",
                             "dance", "add nowhere", "set"})
        EXPECT_FALSE(run_command(fleet, line)) << line;
}

TEST(Commands, ARevivedServerKeepsItsPort) {
    Fleet fleet;
    auto spec = parse_spec("127.0.0.1 name=one").value();
    spec.port = 0;
    ASSERT_TRUE(fleet.add(spec));
    const auto before = fleet.endpoint("one").value();
    ASSERT_TRUE(fleet.die("one"));
    ASSERT_TRUE(fleet.revive("one"));
    EXPECT_EQ(fleet.endpoint("one").value(), before);
    EXPECT_NE(before.port, 0);
}

TEST(Fleet, RefusesTwoServersOfOneNameOrPort) {
    Fleet fleet;
    auto spec = parse_spec("127.0.0.1 name=one").value();
    spec.port = 0;
    ASSERT_TRUE(fleet.add(spec));
    EXPECT_FALSE(fleet.add(spec));
    spec.name = "two";
    spec.port = fleet.endpoint("one")->port;
    EXPECT_FALSE(fleet.add(spec));
}

}  // namespace
}  // namespace ntpopt::fakentp
