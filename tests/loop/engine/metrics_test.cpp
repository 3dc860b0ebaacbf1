// A round as the engine counts it.
#include <gmock/gmock.h>

#include "daemon/engine/optimizer.hpp"
#include "fakes.hpp"

namespace ntpopt {
namespace {

struct Deaf final : OptimizerListener {
    std::function<void()> on_finished;

    void state_changed() override {}
    void service_observed(const ServiceObservation&) override {}
    void run_started(std::uint64_t, bool, std::string_view) override {}
    void run_progress(std::uint64_t, Stage, std::size_t, std::size_t) override {}
    void run_finished(std::uint64_t, const Json&) override { on_finished(); }
    void selection_changed(const std::vector<std::string>&, const std::vector<std::string>&,
                           std::string_view) override {}
    void server_blacklisted(std::string_view, std::uint64_t, std::string_view) override {}
    void trouble(std::string_view) override {}
    void reconverge_failed(const TransactionReport&) override {}
};

TEST(CountedRound, HasItsOutcomePacketsAndBound) {
    test::FakeWorld world;
    world.service.observation.leap = 0;
    world.service.observation.root_delay_s = 0.002;
    Deaf listener;
    Optimizer engine(world.io.get_executor(), world.ports(), world.alarm, world.store, listener, world.config, 0);
    EXPECT_EQ(engine.metrics().document()["rounds"]["applied"], 0);
    EXPECT_FALSE(engine.has_observed());

    listener.on_finished = [&engine] { engine.stop(); };
    boost::asio::co_spawn(world.io, engine.run(), [](std::exception_ptr escaped) { EXPECT_FALSE(escaped); });
    world.io.run_for(std::chrono::seconds(20));
    ASSERT_TRUE(world.io.stopped()) << "did not end by itself";

    const auto counted = engine.metrics().document();
    EXPECT_EQ(counted["rounds"]["applied"], 1);
    EXPECT_EQ(counted["round_durations"]["count"], 1);
    EXPECT_GT(counted["packets_sent"], 10);
    EXPECT_EQ(counted["packets_answered"], counted["packets_sent"]);
    EXPECT_EQ(counted["candidates_left"].get<std::size_t>(),
              static_cast<std::size_t>(world.config.probe.max_candidates) - world.discoverer.found.size());
    EXPECT_GE(counted["clock_error_bounds"]["count"], 1);
    EXPECT_TRUE(engine.has_observed());
    const auto rows = chosen_servers(engine.state().selected, get_array(engine.last_run(), "servers"), {});
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_TRUE(get_number(rows[0], "delay_s"));
}

}  // namespace
}  // namespace ntpopt
