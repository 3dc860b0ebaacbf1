// Who asks not to be asked is left alone, also where it could not be chosen anyway.
#include <gmock/gmock.h>

#include <algorithm>

#include "daemon/core/record/selection_state.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::OptimizerTest;

struct LeftAlone : OptimizerTest {
    /// In how many of so many rounds the fifth server is asked.
    std::ptrdiff_t count_asked(int rounds, Duration apart) {
        std::ptrdiff_t asked = 0;
        for (int i = 0; i < rounds; ++i) {
            EXPECT_TRUE(make().reoptimize(false));
            live(1);
            world.clock.skip(apart);
            asked += std::count_if(world.prober.asked.begin(), world.prober.asked.end(),
                                   [](const auto& target) { return target.address.text() == "192.0.5.1"; });
        }
        return asked;
    }
    [[nodiscard]] Penalty penalty() const {
        return parse_selection_state(world.store.documents.at("selection"))->penalties.at("e.test");
    }
};

TEST_F(LeftAlone, ServerOfAnotherTimescaleThatIsBusy) {
    world.discoverer.found.at(4).timescale = Timescale::smear_24h;
    world.prober.kisses["192.0.5.1"] = "RATE";
    EXPECT_EQ(count_asked(4, 2h), 1);
    EXPECT_GT(penalty().paused_until_s, 0);
    EXPECT_EQ(penalty().failures, 0);
}

TEST_F(LeftAlone, ServerOfAnotherTimescaleThatRefuses) {
    world.discoverer.found.at(4).timescale = Timescale::smear_24h;
    for (const auto* kiss : {"DENY", "RSTR"}) {
        world.store.documents.clear();
        world.prober.kisses["192.0.5.1"] = kiss;
        EXPECT_EQ(count_asked(6, 6h), 1) << kiss;
        EXPECT_GT(penalty().banned_until_s, 0);
    }
}

}  // namespace
}  // namespace ntpopt
