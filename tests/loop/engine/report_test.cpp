// What a round's report says of its stages and of what each server answered.
#include <gtest/gtest.h>

#include "life.hpp"

namespace ntpopt::test {
namespace {

using ReportTest = OptimizerTest;

TEST_F(ReportTest, TheProofStandsBehindTheChangeAndItsTimeIsNotTheChanges) {
    ears.on_progress = [this](Stage stage) {
        if (stage == Stage::verify) world.clock.skip(std::chrono::seconds(50));
    };
    make();
    live(1);
    const auto& stages = get_array(ears.reports.at(0), "stages");
    ASSERT_GE(stages.size(), 3U);
    const auto& change = stages[stages.size() - 3];
    const auto& proof = stages[stages.size() - 2];
    EXPECT_EQ(get_string(change, "stage"), "apply");
    EXPECT_LT(*get_number(change, "duration_s"), 25);
    EXPECT_EQ(get_string(proof, "stage"), "verify");
    EXPECT_GE(*get_number(proof, "duration_s"), 50);
}

TEST_F(ReportTest, AServerThatIsSilentNowDoesNotAnswerWhateverItDidBefore) {
    const auto measured = [this] {
        make();
        EXPECT_TRUE(optimizer->reoptimize(true));
        live(1);
        std::vector<Json> servers;
        for (const auto& server : get_array(ears.reports.at(0), "servers"))
            if (!get_string(server, "address").empty()) servers.push_back(server);
        EXPECT_GE(servers.size(), 5U);
        return servers;
    };
    measured();
    const auto silent = world.prober.offsets.begin()->first;
    world.prober.offsets.erase(silent);
    for (const auto& server : measured()) {
        const bool dead = get_string(server, "address") == silent;
        EXPECT_EQ(get_number(server, "answered"), dead ? 0.0 : 100.0) << server;
        EXPECT_NEAR(*get_number(server, "reachability"), dead ? 50 : 100, 0.01) << server;
    }
    world.prober.offsets.clear();
    for (const auto& server : measured())
        EXPECT_EQ(get_number(server, "answered"), 0.0) << server;
}

}  // namespace
}  // namespace ntpopt::test
