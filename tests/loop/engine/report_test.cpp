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

TEST_F(ReportTest, TheRowsOfVeryManyServersAreLeftToTheStore) {
    for (std::size_t i = 0; i < Memory::kRowsInMemory; ++i)
        world.add("s" + std::to_string(i) + ".test", 0.0);
    world.config.probe.max_candidates = 1000;
    const auto rows = [](const Json& report) { return get_array(report, "servers").size(); };
    const auto* engine = &make();
    live(1);
    const auto all = rows(ears.reports.at(0));
    EXPECT_GT(all, Memory::kRowsInMemory);
    EXPECT_EQ(rows(*engine->report(0)), all);
    EXPECT_EQ(rows(engine->last_run()), engine->state().selected.size());

    engine = &make();  // and after a restart
    EXPECT_EQ(rows(engine->last_run()), engine->state().selected.size());
    EXPECT_EQ(rows(*engine->report(0)), all);
    world.store.rounds.clear();
    EXPECT_EQ(engine->report(0).error().code, Errc::not_found);
}

TEST_F(ReportTest, TheRowsOfVeryManyServersAreKeptWhereTheDiskIsFull) {
    for (std::size_t i = 0; i < Memory::kRowsInMemory; ++i)
        world.add("s" + std::to_string(i) + ".test", 0.0);
    world.config.probe.max_candidates = 1000;
    const auto& engine = make();
    world.store.full = true;
    live(1);
    EXPECT_GT(get_array(*engine.report(0), "servers").size(), Memory::kRowsInMemory);
}

}  // namespace
}  // namespace ntpopt::test
