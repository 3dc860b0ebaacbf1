// The course of a pool over rounds: one name with several places.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

TEST(Course, PoolIsOneNameWithTheFreePlaces) {
    Machine machine;
    auto servers = honest(2);
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = "2.debian.pool.ntp.org",
                           .address = fmt::format("127.7.{}.1", i),
                           .offset_ms = 0.1 * i,
                           .delay_ms = 8,
                           .pool = true});
    servers.push_back(
        {.name = "other.pool.test", .address = "127.7.9.1", .offset_ms = 0.2, .delay_ms = 8, .pool = true});
    const auto decision = machine.round(servers);
    ASSERT_THAT(decision.selected, SizeIs(3));
    const auto pool = std::find_if(decision.selected.begin(), decision.selected.end(),
                                   [](const auto& choice) { return choice.pool; });
    EXPECT_EQ(pool->endpoint.text(), "2.debian.pool.ntp.org");
    EXPECT_EQ(pool->maxsources, 2);
    EXPECT_NEAR(decision.consensus.electorate, 7, 1e-9);  // the members vote for themselves
    for (const auto& choice : decision.selected)
        EXPECT_THAT(choice.endpoint.text(), Not(HasSubstr("127.7")));
    EXPECT_EQ(find(decision, "other.pool.test")->verdict, Verdict::same_group);
    EXPECT_EQ(machine.round(servers).outcome, Outcome::unchanged);
}

TEST(Course, PoolAloneFillsTheSetAndIsReplacedByHalves) {
    Machine machine;
    std::vector<Server> members;
    for (int i = 1; i <= 4; ++i)
        members.push_back({.name = "pool.test",
                           .address = fmt::format("127.7.{}.1", i),
                           .offset_ms = 0.1 * i,
                           .delay_ms = 8,
                           .pool = true});
    auto decision = machine.round(members);
    ASSERT_THAT(names(decision), ElementsAre("pool.test"));
    EXPECT_EQ(decision.selected[0].maxsources, 4);
    EXPECT_EQ(machine.round(members).outcome, Outcome::unchanged);
    const auto both = with(members, honest(5));
    decision = machine.round(both);
    EXPECT_THAT(decision.selected, SizeIs(3));  // two servers, and the pool for two
    EXPECT_TRUE(chose(decision, "pool.test"));
}

TEST(Course, PoolNameComesLastForAServiceWithOneSource) {
    Machine machine;
    machine.context.multi_source = false;
    machine.context.pools = false;
    auto servers = honest(3);
    for (auto& server : servers)
        server.delay_ms = 20;
    for (int i = 1; i <= 4; ++i)
        servers.push_back({.name = "pool.test", .address = fmt::format("127.7.{}.1", i), .delay_ms = 8, .pool = true});
    const auto decision = machine.round(servers);
    ASSERT_THAT(decision.selected, SizeIs(4));
    EXPECT_TRUE(decision.selected.back().pool);
}

}  // namespace
}  // namespace ntpopt
