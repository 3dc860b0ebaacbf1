// What the profiles are for, seen in a whole decision: `latency` wants the server next door, `reliability` the calm
// one.
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;

/// Ranks of a near noisy and a far quiet server, once history has shown that the far one is right, too.
std::pair<int, int> ranks(Profile profile, Weights weights) {
    Machine machine;
    machine.config.profile = profile;
    machine.config.weights = weights;
    machine.config.min_score = 0;  // by latency alone the far one is hardly a server, and ranks are to be compared
    auto servers = honest(5);
    servers.push_back({.name = "near.test", .address = "127.4.1.1", .offset_ms = 0.15, .delay_ms = 2, .jitter_ms = 3});
    servers.push_back({.name = "far.test", .address = "127.4.2.1", .offset_ms = 0.15, .delay_ms = 80, .jitter_ms = 0});
    Decision decision;
    for (int round = 0; round < 12; ++round)
        decision = machine.round(servers);
    const auto* near = find(decision, "near.test");
    const auto* far = find(decision, "far.test");
    return {near->rank.value_or(0), far->rank.value_or(0)};
}

TEST(Profile, LatencyRanksTheNearNoisyServerFirstReliabilityTheFarQuietOne) {
    const auto [near_by_reliability, far_by_reliability] = ranks(Profile::reliability, {});
    const auto [near_by_latency, far_by_latency] =
        ranks(Profile::latency, {.jitter = 0.20, .reachability = 0.10, .stratum = 0.10, .latency = 0.60});
    for (const int rank : {near_by_reliability, far_by_reliability, near_by_latency, far_by_latency})
        ASSERT_GT(rank, 0) << "both must be behind the gate";
    EXPECT_LT(far_by_reliability, near_by_reliability);
    EXPECT_LT(near_by_latency, far_by_latency);
}

}  // namespace
}  // namespace ntpopt
