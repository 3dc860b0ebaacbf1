// The traps into which a naive choice falls, each a named test (docs/selection.md): liars, camps, time scales, packets
// that are no samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::AllOf;
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

TEST(Traps, T7SentenceThatSaysMoreThanHalfIsNeededNamesNoCampThatHasIt) {
    // Three for either time, by two who fit both: that is what is missing, not votes.
    const std::vector<Server> sitters{
        {.name = "a.test", .address = "127.1.1.1"},
        {.name = "b.test", .address = "127.1.2.1", .offset_ms = 100},
        {.name = "wide1.test", .address = "127.1.5.1", .offset_ms = 50, .root_dispersion_ms = 300},
        {.name = "wide2.test", .address = "127.1.6.1", .offset_ms = 50, .root_dispersion_ms = 300}};
    EXPECT_EQ(
        Machine().round(sitters).reason,
        "the servers do not agree on the time; 3 votes for 0.000 ms (a.test, wide1.test, wide2.test); 3 votes for "
        "100.0 ms (b.test, wide1.test, wide2.test); 2 votes for both, and more than 2 of 4 are needed, so nothing "
        "changes");
    // One of two next door to each other votes with the others: that leaves it half a vote, and its neighbour half.
    auto torn = honest(2);
    torn.push_back({.name = "x.test", .address = "127.9.1.1", .offset_ms = 60});
    torn.push_back({.name = "y.test", .address = "127.9.1.2", .offset_ms = -300});
    torn.push_back({.name = "z.test", .address = "127.9.2.1", .offset_ms = 60});
    torn.push_back({.name = "u.test", .address = "127.9.3.1", .offset_ms = 200});
    EXPECT_THAT(Machine().round(torn).reason,
                AllOf(StartsWith("the servers do not agree on the time; 2 votes for 0."),
                      HasSubstr("; 1.5 votes for 60.0 ms (x.test, z.test); more than 2.5 of 5 are needed")));
}

TEST(Traps, T7TrustedServersThatDisagreeAreHeldToTheirOwnHalf) {
    Machine machine;
    machine.config.trusted = {"good1.test", "other.test"};
    const auto decision =
        machine.round(with(honest(5), {{.name = "other.test", .address = "127.9.1.1", .offset_ms = 70}}));
    EXPECT_EQ(decision.outcome, Outcome::no_consensus);
    EXPECT_THAT(decision.reason,
                AllOf(StartsWith("the trusted servers do not agree on the time; 1 vote for "),
                      HasSubstr("; 1 vote for 70.0 ms (other.test); more than 1 of 2 are needed, so nothing changes")));
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
    EXPECT_NEAR(decision.consensus.electorate, 5, 1e-9);
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
    EXPECT_NEAR(decision.consensus.electorate, 5, 1e-9);
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

}  // namespace
}  // namespace ntpopt
