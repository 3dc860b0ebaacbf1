// The traps into which a naive choice falls, each a named test (docs/selection.md): liars, clones, time scales, packets
// that are no samples.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::HasSubstr;

TEST(Traps, T1FalsetickerWithPerfectJitterNextDoor) {
    Machine machine;
    auto servers = honest(6);
    servers.push_back({.name = "liar.test",
                       .address = "127.9.1.1",
                       .offset_ms = 5000,
                       .delay_ms = 0.1,
                       .jitter_ms = 0,
                       .stratum = 1});
    const auto decision = machine.round(servers);
    EXPECT_EQ(decision.outcome, Outcome::would_apply);
    EXPECT_EQ(decision.selected.size(), 4U);
    EXPECT_FALSE(chose(decision, "liar.test"));
    EXPECT_EQ(find(decision, "liar.test")->verdict, Verdict::falseticker);
    EXPECT_THAT(find(decision, "liar.test")->reason, HasSubstr("from the consensus, more than the"));
    EXPECT_EQ(decision.confidence, Confidence::high);
}

TEST(Traps, T7TwoDisagree) {
    Machine machine;
    machine.context.current = current({"a.test"});
    const auto decision = machine.round(std::vector<Server>{
        {.name = "a.test", .address = "127.1.1.1"}, {.name = "b.test", .address = "127.1.2.1", .offset_ms = 100}});
    EXPECT_EQ(decision.outcome, Outcome::no_consensus);
}

}  // namespace
}  // namespace ntpopt
