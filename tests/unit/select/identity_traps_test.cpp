// The traps of identity (docs/selection.md): whoever answers with many names, addresses, ports and neighbours, or
// borrows those of others, has one vote and one place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

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
    EXPECT_NEAR(decision.consensus.electorate, 6, 1e-9);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_THAT(names(decision), Each(StartsWith("good")));
    EXPECT_EQ(find(decision, "t3.cloud.test")->verdict, Verdict::falseticker);
    EXPECT_EQ(find(decision, "t3.cloud.test")->group, "cloud.test");
}

TEST(Traps, T4SixAddressesOfOneOperatorBesideNamesThatNeverAnswer) {
    // A stranger in each of its networks keeps them apart; it is one operator all the same.
    for (const auto* owner : {"", "Dead Ltd"}) {
        Machine machine;
        auto servers = honest(5);
        for (int i = 1; i <= 6; ++i) {
            servers.push_back({.name = fmt::format("t{}.cloud.test", i),
                               .address = fmt::format("127.9.{}.1", i),
                               .offset_ms = 40,
                               .delay_ms = 0.5,
                               .stratum = 1});
            servers.push_back({.name = fmt::format("dead{}.test", i),
                               .address = fmt::format("127.9.{}.99", i),
                               .answers = 0,
                               .operator_name = owner});
        }
        const auto decision = machine.round(servers);
        EXPECT_EQ(decision.outcome, Outcome::would_apply);
        EXPECT_THAT(names(decision), testing::SizeIs(4));
        EXPECT_THAT(names(decision), Each(StartsWith("good")));
        EXPECT_EQ(find(decision, "t3.cloud.test")->verdict, Verdict::falseticker);
    }
}

TEST(Traps, OneAnycastServiceIsEnough) {
    auto servers = honest(4);
    for (int i = 1; i <= 2; ++i)
        servers.push_back({.name = fmt::format("near{}.test", i),
                           .address = fmt::format("127.9.{}.1", i),
                           .delay_ms = 0.5,
                           .stratum = 1});
    const auto both = testing::IsSupersetOf({"near1.test", "near2.test"});
    Machine before;
    EXPECT_THAT(names(before.round(servers)), both);
    for (auto& server : servers)
        server.anycast = server.name.starts_with("near");
    Machine machine;
    const auto decision = machine.round(servers);
    EXPECT_THAT(names(decision), testing::SizeIs(4));
    EXPECT_THAT(names(decision), testing::AllOf(Contains("near1.test"), Not(Contains("near2.test"))));
    EXPECT_EQ(find(decision, "near2.test")->verdict, Verdict::same_group);
    EXPECT_THAT(find(decision, "near2.test")->reason, HasSubstr("near1.test is an anycast service, too"));
    // What is in use already is not torn apart for it.
    EXPECT_THAT(names(before.round(servers)), both);
}

TEST(Traps, T4OperatorWithAStrangerInEachNetworkFillsNoSet) {
    Machine machine;
    auto servers = honest(3);
    for (int i = 1; i <= 4; ++i) {
        servers.push_back(
            {.name = fmt::format("x{}.big.test", i), .address = fmt::format("127.9.{}.1", i), .delay_ms = 2});
        servers.push_back({.name = fmt::format("small{}.test", i),
                           .address = fmt::format("127.9.{}.2", i),
                           .delay_ms = 7,
                           .stratum = 3});
    }
    const auto decision = machine.round(servers);
    EXPECT_THAT(names(decision), testing::SizeIs(4));
    const auto chosen = names(decision);
    EXPECT_EQ(std::count_if(chosen.begin(), chosen.end(), [](const auto& name) { return name.ends_with("big.test"); }),
              1);
    const auto& barred = *find(decision, chose(decision, "x1.big.test") ? "x2.big.test" : "x1.big.test");
    EXPECT_EQ(barred.verdict, Verdict::same_group);
    EXPECT_THAT(barred.reason, HasSubstr("of the same operator or network is chosen"));
}

TEST(Traps, T4OperatorWithAStrangerInEachNetworkDoesNotSetTheStandard) {
    Machine machine;
    auto servers = honest(4);
    for (std::size_t i = 0; i < 4; ++i)
        servers[i].offset_ms = i % 2 == 0 ? 1.5 : -1.5;
    for (int i = 1; i <= 5; ++i) {
        servers.push_back({.name = fmt::format("x{}.big.test", i),
                           .address = fmt::format("127.9.{}.1", i),
                           .delay_ms = 1,
                           .jitter_ms = 0.01});
        servers.push_back(
            {.name = fmt::format("dead{}.test", i), .address = fmt::format("127.9.{}.99", i), .answers = 0});
    }
    const auto decision = machine.round(servers);
    for (const auto* name : {"good1.test", "good2.test", "good3.test", "good4.test"})
        EXPECT_TRUE(find(decision, name)->rank) << find(decision, name)->reason;
}

TEST(Traps, D1DualStackAndSecondNamesAreOneVote) {
    Machine machine;
    auto servers = honest(3);
    for (const auto* name : {"liar.test", "liar.example"})
        for (const auto* address : {"127.9.1.1", "2001:db8:9::1"})
            servers.push_back({.name = name, .address = address, .offset_ms = 40, .delay_ms = 0.2});
    servers.push_back({.name = "other.example", .address = "127.9.1.77", .offset_ms = 40, .delay_ms = 0.2});
    const auto decision = machine.round(servers);
    EXPECT_NEAR(decision.consensus.electorate, 4, 1e-9);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), testing::UnorderedElementsAre("good1.test", "good2.test", "good3.test"));
}

/// Two honest servers, and two that lie; one of either share a network.
std::vector<Server> torn(double lie, double other_lie) {
    return {{.name = "a.one.test", .address = "127.1.1.1", .delay_ms = 2},
            {.name = "b.two.test", .address = "127.1.1.2", .offset_ms = lie, .delay_ms = 2},
            {.name = "c.three.test", .address = "127.1.2.1", .delay_ms = 2},
            {.name = "d.four.test", .address = "127.1.3.1", .offset_ms = other_lie, .delay_ms = 2}};
}

TEST(Traps, D2SecondNamesAndPortsOfAServerAreNoVotes) {
    const auto outcome = [](const std::vector<Server>& servers) { return Machine().round(servers).outcome; };
    ASSERT_EQ(outcome(torn(60, -70)), Outcome::no_consensus);
    auto again = torn(60, -70).front();
    for (const auto* name : {"a2.one.test", "elsewhere.test"}) {
        again.name = name;
        EXPECT_EQ(outcome(with(torn(60, -70), {again})), Outcome::no_consensus) << name;
    }
    again.name = "a.one.test";
    again.sources_port = 1123;
    EXPECT_EQ(outcome(with(torn(60, -70), {again})), Outcome::no_consensus);

    // Nor do a liar's own.
    ASSERT_EQ(outcome(torn(60, 60)), Outcome::no_consensus);
    auto servers = torn(60, 60);
    for (int i = 1; i <= 8; ++i) {
        servers.push_back(servers[1]);
        servers.back().name = fmt::format("b{}.two.test", i);
    }
    EXPECT_EQ(outcome(servers), Outcome::no_consensus);
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
    EXPECT_NEAR(decision.consensus.electorate, 6, 1e-9);
    EXPECT_NEAR(decision.consensus.votes, 5, 1e-9);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_THAT(names(decision), Each(StartsWith("good")));
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
    EXPECT_NEAR(decision.consensus.electorate, 7, 1e-9);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_THAT(names(decision), Each(StartsWith("good")));
}

TEST(Traps, S3NameThatLeadsToOneHonestServerTakesNoneOfItsVote) {
    Machine machine;
    auto servers = honest(3);
    // Two operators lie. Each has eight servers, and a name that also leads to somebody honest.
    for (int evil = 1; evil <= 2; ++evil) {
        servers.push_back({.name = fmt::format("n.evil{}.test", evil),
                           .address = fmt::format("127.1.{}.1", evil),
                           .offset_ms = 0.05 * evil,
                           .delay_ms = 4.0 + evil});
        for (int i = 1; i <= 8; ++i)
            servers.push_back({.name = fmt::format("n{}.evil{}.test", i, evil),
                               .address = fmt::format("127.9.{}.{}", evil, i),
                               .offset_ms = 40,
                               .delay_ms = 0.2});
    }
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_THAT(names(decision), Contains("good3.test"));
    EXPECT_THAT(names(decision), Not(Contains(HasSubstr("n1.evil"))));
    EXPECT_EQ(find(decision, "n1.evil1.test")->verdict, Verdict::falseticker);
}

TEST(Traps, SameUpstreamIsBarredPairwise) {
    Machine machine;
    auto servers = honest(6);
    for (const auto i : {0, 1, 2})
        servers[static_cast<std::size_t>(i)].refid = 0xc0000201U;
    const auto decision = machine.round(servers);
    EXPECT_NEAR(decision.consensus.electorate, 6, 1e-9);
    EXPECT_THAT(names(decision), testing::UnorderedElementsAre("good1.test", "good4.test", "good5.test", "good6.test"));
    EXPECT_EQ(find(decision, "good2.test")->verdict, Verdict::same_upstream);
    EXPECT_THAT(find(decision, "good2.test")->reason, HasSubstr("good1.test"));
}

}  // namespace
}  // namespace ntpopt
