// A week of a small fleet with everything that may befall it, against the rules for clients of the NTP Pool. The whole
// fleet of 10,000 is tests/bench/fleet: it takes minutes. With fewer machines a minute holds too few bursts for "three
// times the mean" to mean anything; verdict.hpp says what is asked of it then.
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

/// A server that is asked the same in each minute, and once by a herd.
struct Herd : FleetTest {
    static constexpr int kPackets = 3;  // in a burst
    static constexpr std::size_t kFirst = 6000;
    std::vector<PowerCut> cuts;

    std::vector<std::string> excesses(double bursts_a_minute, int herd, std::size_t minutes) {
        auto& server = *world.find(world.servers().begin()->first);
        double due = 0;
        for (auto& packets : server.packets) {
            due += bursts_a_minute;
            const auto now = static_cast<std::uint16_t>(due);
            due -= now;
            packets = static_cast<std::uint16_t>(now * kPackets);
        }
        for (std::size_t i = 0; i < minutes; ++i)
            server.packets[kFirst + i] = static_cast<std::uint16_t>(herd * kPackets);
        return weigh(world, cuts, kPackets).excesses;
    }
};

TEST_F(Herd, ThreeTimesTheMeanOfABusyServerIsSeen) {
    EXPECT_THAT(excesses(20, 60, 1), testing::IsEmpty());
    EXPECT_THAT(excesses(20, 61, 1), testing::SizeIs(1));
}

TEST_F(Herd, OfAServerThatIsSeldomAskedIsSeenWhereChanceDoesNotMakeIt) {
    EXPECT_THAT(excesses(1, 11, 1), testing::IsEmpty());
    EXPECT_THAT(excesses(1, 14, 1), testing::SizeIs(1));
    EXPECT_THAT(excesses(0.05, 5, 1), testing::IsEmpty());
    EXPECT_THAT(excesses(0.05, 8, 1), testing::Not(testing::IsEmpty()));
}

TEST_F(Herd, OfFewMachinesIsSeenInTenMinutes) {
    EXPECT_THAT(excesses(1, 2, 10), testing::IsEmpty());
    EXPECT_THAT(excesses(1, 5, 10), testing::SizeIs(1));
}

TEST_F(Herd, AfterAPowerCutIsSeenBeyondTenTimesTheMean) {
    cuts = {{kWarmUp + std::chrono::minutes(kFirst - 60), std::chrono::hours(1)}};
    EXPECT_THAT(excesses(1, 9, 60), testing::IsEmpty());
    EXPECT_THAT(excesses(1, 11, 60), testing::Not(testing::IsEmpty()));
    EXPECT_THAT(excesses(1, 12, 1), testing::IsEmpty()) << "ten, and chance";
    EXPECT_THAT(excesses(1, 14, 1), testing::SizeIs(1)) << "all in the first minute, hardly anybody later";
}

TEST(FleetWorld, ChanceIsKnownForManyAndForFew) {
    EXPECT_EQ(most_by_chance(0, 3), 0);
    EXPECT_NEAR(most_by_chance(3 * 0.001, 3), 3 * 2, 3);
    EXPECT_NEAR(most_by_chance(3 * 5000.0, 3), 3 * (5000 + 6.0 * 70.7), 3 * 20) << "six standard deviations";
}

}  // namespace
}  // namespace ntpopt::fleet
