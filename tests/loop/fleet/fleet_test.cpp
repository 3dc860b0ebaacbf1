// A week of a small fleet with everything that may befall it, against the rules for clients of the NTP Pool. The whole
// fleet of 10,000 is tests/bench/fleet: it takes minutes. With fewer machines a minute holds too few bursts for "three
// times the mean" to mean anything, so a minute counts as too full where chance would not fill it so once in 10^9.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/fleet/verdict.hpp"

namespace ntpopt::fleet {
namespace {

struct FleetTest : testing::Test {
    Catalogue catalogue = [] {
        std::stringstream text;
        text << std::ifstream(CONF_DIR "/catalogue.toml").rdbuf();
        return Catalogue::parse(text.str()).value();
    }();
    World world{catalogue, 8, 1};
    Fleet fleet{catalogue, world};
    Sum sum;

    void live_all(std::uint64_t machines) {
        for (std::uint64_t i = 0; i < machines; ++i)
            sum.add(live(fleet, i));
    }
    [[nodiscard]] std::vector<std::string> broken() const {
        return broken_rules(sum, weigh(world, fleet.cuts, ProbeConfig().samples));
    }
};

TEST_F(FleetTest, ObeysTheRulesOfThePoolThroughRestartsCrashLoopsAndAPowerCut) {
    fleet.cuts = {{kWarmUp + std::chrono::hours(100), std::chrono::hours(8)}};
    live_all(80);
    EXPECT_THAT(broken(), testing::IsEmpty());
    EXPECT_GT(sum.processes, sum.machines * 5) << "nothing befell it";
    EXPECT_GT(sum.outcomes["unchanged"] + sum.outcomes["applied"], sum.machines * 20) << "hardly a round did its work";
    for (const auto* why : {"network_changed", "resumed", "request", "sources_dead"})
        EXPECT_GT(sum.rounds[why], 0U) << "no round because of " << why;
    EXPECT_EQ(sum.troubles, 0U) << sum.trouble;
}

/// The simulation itself would see a herd: a power cut that lets every machine ask within ten minutes.
TEST(FleetWorld, AHerdIsSeen) {
    const double in_ten_minutes = 80.0 * 4 * 3 / 144;  // 80 machines, four rounds a day, three packets
    EXPECT_GE(most_in_a_bin(in_ten_minutes, 10, 3), 10 * in_ten_minutes);
    EXPECT_LT(most_in_a_bin(in_ten_minutes, 10, 3), 80.0 * 3) << "all of them within ten minutes";
}

}  // namespace
}  // namespace ntpopt::fleet
