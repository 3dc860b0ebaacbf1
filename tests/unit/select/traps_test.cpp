// The traps into which a naive choice falls, each a named test (docs/selection.md): liars, clones, time scales, packets
// that are no samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Server kPerfectLiar{
    .name = "liar.test", .address = "127.9.1.1", .offset_ms = 5000, .delay_ms = 0.1, .jitter_ms = 0, .stratum = 1};

TEST(Traps, T1FalsetickerWithPerfectJitterNextDoor) {
    Machine machine;
    const auto decision = machine.round(with(honest(6), {kPerfectLiar}));
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_FALSE(chose(decision, "liar.test"));
    EXPECT_EQ(find(decision, "liar.test")->verdict, Verdict::falseticker);
    EXPECT_THAT(find(decision, "liar.test")->reason, HasSubstr("from the consensus, more than the"));
    EXPECT_EQ(decision.confidence, Confidence::high);
}

TEST(Traps, T2FarCleanAndAsymmetric) {
    Machine machine;
    const Server far{
        .name = "far.test", .address = "127.9.1.1", .offset_ms = 22, .delay_ms = 220, .jitter_ms = 0.02, .stratum = 1};
    for (int round = 0; round < 8; ++round) {
        const auto decision = machine.round(with(honest(5), {far}));
        EXPECT_FALSE(chose(decision, "far.test"));
        EXPECT_EQ(find(decision, "far.test")->verdict, Verdict::inaccurate);
        EXPECT_GT(*find(decision, "far.test")->error_ms, 15);
    }
}

TEST(Traps, T3LiarInsideItsOwnInterval) {
    Machine machine;
    auto servers = honest(5);
    for (auto& server : servers)
        server.delay_ms = 24;
    const Server liar{
        .name = "liar.test", .address = "127.9.1.1", .offset_ms = 8, .delay_ms = 24, .jitter_ms = 0.02, .stratum = 1};
    for (int round = 0; round < 8; ++round)
        EXPECT_FALSE(chose(machine.round(with(servers, {liar})), "liar.test"));
}

TEST(Traps, T4SixAddressesOfOneOperatorAgainstFiveHonest) {
    Machine machine;
    auto servers = honest(5);
    for (int i = 1; i <= 6; ++i)
        servers.push_back({.name = fmt::format("t{}.cloud.test", i),
                           .address = fmt::format("127.9.{}.1", i),
                           .offset_ms = 40,
                           .delay_ms = 0.5,
                           .stratum = 1});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.consensus.groups, 6);
    EXPECT_EQ(decision.selected.size(), 4U);
    for (const auto& name : names(decision))
        EXPECT_THAT(name, StartsWith("good"));
    EXPECT_EQ(find(decision, "t3.cloud.test")->verdict, Verdict::falseticker);
    EXPECT_EQ(find(decision, "t3.cloud.test")->group, "cloud.test");
}

TEST(Traps, T5LocalClockThreeHoursWrong) {
    Machine machine;
    machine.context.synchronised = false;
    const double away = 3 * 3600e3;
    auto liar = kPerfectLiar;
    liar.offset_ms = 0;  // it agrees with the local clock
    const auto decision = machine.round(with(honest(5, away), {liar}));
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_EQ(find(decision, "liar.test")->verdict, Verdict::falseticker);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_NEAR(decision.consensus.centre_ms, away, 1);
    EXPECT_NEAR(decision.selected.front().offset_s, 3 * 3600, 0.001);
}

TEST(Traps, T6ClockAlreadyFollowsALiar) {
    Machine machine;
    machine.context.current = current({"liar.test"});
    auto liar = kPerfectLiar;
    liar.offset_ms = 0;
    const auto decision = machine.round(with(honest(5, 60), {liar}));
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_FALSE(chose(decision, "liar.test"));
    EXPECT_NEAR(*find(decision, "liar.test")->offset_ms, -60, 1);
    EXPECT_NEAR(*find(decision, "liar.test")->raw_offset_ms, 0, 1e-6);
}

TEST(Traps, T7TwoDisagree) {
    Machine machine;
    machine.context.current = current({"a.test"});
    const auto decision = machine.round(std::vector<Server>{
        {.name = "a.test", .address = "127.1.1.1"}, {.name = "b.test", .address = "127.1.2.1", .offset_ms = 100}});
    EXPECT_EQ(decision.outcome, Outcome::no_consensus);
    EXPECT_EQ(decision.confidence, Confidence::none);
    EXPECT_THAT(names(decision), testing::ElementsAre("a.test"));
    ASSERT_EQ(decision.consensus.camps.size(), 2U);
    EXPECT_THAT(decision.consensus.camps[0].names, testing::ElementsAre("a.test"));
    EXPECT_NEAR(decision.consensus.camps[1].offset_ms, 100, 0.1);
    EXPECT_THAT(decision.reason, HasSubstr("1 vote for 100.0 ms (b.test)"));
}

TEST(Traps, T7TwoCampsWithAFenceSitterDisagreeToo) {
    Machine machine;
    const auto decision = machine.round(
        std::vector<Server>{{.name = "a.test", .address = "127.1.1.1"},
                            {.name = "b.test", .address = "127.1.2.1"},
                            {.name = "c.test", .address = "127.1.3.1", .offset_ms = 100},
                            {.name = "d.test", .address = "127.1.4.1", .offset_ms = 100},
                            {.name = "wide.test", .address = "127.1.5.1", .offset_ms = 50, .root_dispersion_ms = 300}});
    EXPECT_EQ(decision.outcome, Outcome::no_consensus);
}

TEST(Traps, T8SmearingBlockNearAndStratumOne) {
    Machine machine;
    auto servers = honest(5);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = fmt::format("time{}.google.com", i),
                           .address = fmt::format("216.239.35.{}", 4 * (i - 1)),
                           .delay_ms = 1,
                           .jitter_ms = 0.01,
                           .stratum = 1,
                           .operator_name = "Google",
                           .timescale = Timescale::smear_24h});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.selected.size(), 4U);
    for (const auto& choice : decision.selected)
        EXPECT_EQ(choice.timescale, Timescale::utc);
    EXPECT_EQ(find(decision, "time1.google.com")->verdict, Verdict::wrong_timescale);
    EXPECT_EQ(decision.consensus.groups, 5);
}

std::vector<Server> majority_of_liars() {
    auto servers = honest(4);
    for (int i = 1; i <= 5; ++i)
        servers.push_back({.name = fmt::format("liar{}.test", i),
                           .address = fmt::format("127.9.{}.1", i),
                           .offset_ms = 30 + 0.05 * i,
                           .delay_ms = 1,
                           .jitter_ms = 0.02,
                           .stratum = 1});
    return servers;
}

TEST(Traps, T10MajorityOfLiarsDefeatsAnyConsensus) {
    Machine machine;
    EXPECT_THAT(names(machine.round(majority_of_liars())), Contains(StartsWith("liar")));
}

TEST(Traps, T10TrustedAnchorIsTheCure) {
    Machine machine;
    machine.config.trusted = {"good2.test"};
    for (int round = 0; round < 3; ++round) {
        const auto decision = machine.round(majority_of_liars());
        EXPECT_TRUE(decision.consensus.trusted);
        EXPECT_EQ(decision.confidence, Confidence::medium);
        EXPECT_EQ(decision.selected.size(), 4U);
        EXPECT_THAT(names(decision), Not(Contains(StartsWith("liar"))));
        EXPECT_EQ(find(decision, "liar1.test")->verdict, Verdict::falseticker);
    }
}

TEST(Traps, K1KissOfDeathIsNoSample) {
    Machine machine;
    const Server kod{.name = "kod.test", .address = "127.9.1.1", .answers = 0, .kiss = "RATE"};
    const Server early{.name = "early.test", .address = "127.9.2.1", .answers = 1, .kiss = "RATE"};
    const Server zero{
        .name = "zero.test", .address = "127.9.3.1", .offset_ms = -5, .delay_ms = 0, .jitter_ms = 0, .stratum = 0};
    const auto decision = machine.round(with(honest(5), {kod, early, zero}));
    EXPECT_EQ(find(decision, "kod.test")->verdict, Verdict::kiss_of_death);
    EXPECT_EQ(find(decision, "early.test")->verdict, Verdict::kiss_of_death);
    EXPECT_EQ(find(decision, "zero.test")->verdict, Verdict::unsynchronised);
    EXPECT_EQ(decision.consensus.groups, 5);
}

TEST(Traps, J1OneSampleIsNotJitterZero) {
    Machine machine;
    const Server flaky{.name = "flaky.test", .address = "127.9.1.1", .delay_ms = 4, .answers = 1, .sent = 1};
    const auto decision = machine.round(with(honest(5), {flaky}));
    EXPECT_FALSE(find(decision, "flaky.test")->jitter_ms);
    EXPECT_NEAR(find(decision, "flaky.test")->smoothed_jitter_ms, 0.7, 1e-9);
    EXPECT_LT(find(decision, "flaky.test")->score_parts->jitter, find(decision, "good1.test")->score_parts->jitter);
}

TEST(Traps, H1HighScoreDoesNotProtectAnIncumbentThatGotWorse) {
    Machine machine;
    auto servers = honest(4);
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    ASSERT_TRUE(chose(machine.round(servers), "good1.test"));
    servers[0].offset_ms = 4;  // inside its bounds, and its score stays far above 86.96
    servers = with(servers, {{.name = "new.test", .address = "127.2.1.1", .offset_ms = 0.1, .delay_ms = 4}});
    Decision decision;
    for (int round = 0; round < 12 && (round == 0 || chose(decision, "good1.test")); ++round) {
        decision = machine.round(servers);
        EXPECT_GT(*find(decision, "good1.test")->score, 86.96);
    }
    EXPECT_FALSE(chose(decision, "good1.test"));
    EXPECT_TRUE(chose(decision, "new.test"));
}

TEST(Traps, D1DualStackAndSecondNamesAreOneVote) {
    Machine machine;
    auto servers = honest(3);
    for (const auto* name : {"liar.test", "liar.example"})
        for (const auto* address : {"127.9.1.1", "2001:db8:9::1"})
            servers.push_back({.name = name, .address = address, .offset_ms = 40, .delay_ms = 0.2});
    servers.push_back({.name = "other.example", .address = "127.9.1.77", .offset_ms = 40, .delay_ms = 0.2});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.consensus.groups, 4);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), testing::UnorderedElementsAre("good1.test", "good2.test", "good3.test"));
}

TEST(Traps, O1RegionDoesNotOutrankQuality) {
    Machine machine;
    auto servers = honest(4);
    servers.push_back({.name = "near.test",
                       .address = "127.9.1.1",
                       .offset_ms = 3,
                       .delay_ms = 12,
                       .jitter_ms = 1.0,
                       .regional = true});
    const auto decision = machine.round(servers);
    EXPECT_FALSE(chose(decision, "near.test"));
    EXPECT_EQ(find(decision, "near.test")->verdict, Verdict::inaccurate);
    EXPECT_FALSE(find(decision, "near.test")->score_parts->regional_bonus);
}

TEST(Traps, S1EchoedRefidsDoNotFuseHonestOperators) {
    Machine machine;
    auto servers = honest(5);
    for (int i = 0; i < 5; ++i) {
        servers[static_cast<std::size_t>(i)].refid = 0xc0000200U + static_cast<std::uint32_t>(i);
        servers.push_back({.name = fmt::format("127.9.1.{}", i + 1),
                           .address = fmt::format("127.9.1.{}", i + 1),
                           .offset_ms = 40,
                           .delay_ms = 0.2,
                           .refid = 0xc0000200U + static_cast<std::uint32_t>(i)});
    }
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.consensus.groups, 6);
    EXPECT_NEAR(decision.consensus.votes, 5, 1e-9);
    EXPECT_EQ(decision.selected.size(), 4U);
    for (const auto& name : names(decision))
        EXPECT_THAT(name, StartsWith("good"));
}

TEST(Traps, S2NameThatResolvesIntoHonestNetworksFusesNobody) {
    Machine machine;
    auto servers = honest(5);
    // evil.test owns one address and borrows all honest ones; two more liars wait for the honest vote to collapse.
    for (int i = 1; i <= 5; ++i)
        servers.push_back(
            {.name = "evil.test", .address = fmt::format("127.1.{}.1", i), .offset_ms = 0.05 * i, .delay_ms = 4.0 + i});
    servers.push_back({.name = "evil.test", .address = "127.0.9.1", .offset_ms = 40, .delay_ms = 0.2});
    servers.push_back({.name = "liar2.test", .address = "127.9.2.1", .offset_ms = 40, .delay_ms = 0.2});
    servers.push_back({.name = "liar3.test", .address = "127.9.3.1", .offset_ms = 40, .delay_ms = 0.2});
    const auto decision = machine.round(servers);
    EXPECT_GE(decision.consensus.groups, 7);
    EXPECT_EQ(decision.selected.size(), 4U);
    for (const auto& name : names(decision))
        EXPECT_THAT(name, StartsWith("good"));
}

TEST(Traps, SameUpstreamIsBarredPairwise) {
    Machine machine;
    auto servers = honest(6);
    for (const auto i : {0, 1, 2})
        servers[static_cast<std::size_t>(i)].refid = 0xc0000201U;
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.consensus.groups, 6);
    EXPECT_THAT(names(decision), testing::UnorderedElementsAre("good1.test", "good4.test", "good5.test", "good6.test"));
    EXPECT_EQ(find(decision, "good2.test")->verdict, Verdict::same_upstream);
    EXPECT_THAT(find(decision, "good2.test")->reason, HasSubstr("good1.test"));
}

}  // namespace
}  // namespace ntpopt
