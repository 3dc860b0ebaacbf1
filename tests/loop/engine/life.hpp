// A life of the engine for its tests: an optimizer in a fake world, and whoever listens to it.
#pragma once

#include <gtest/gtest.h>

#include "daemon/engine/optimizer.hpp"
#include "fakes.hpp"

namespace ntpopt::test {

struct Ears final : OptimizerListener {
    std::function<void(const Json&)> on_finished = [](const Json&) {};
    std::function<void(Stage)> on_progress = [](Stage) {};
    std::vector<std::string> triggers;
    std::vector<Json> reports;
    std::vector<std::string> troubles;
    std::vector<std::string> blacklisted;
    int selections = 0;

    void state_changed() override {}
    void service_observed(const ServiceObservation&) override {}
    void run_started(std::uint64_t, bool, std::string_view trigger) override { triggers.emplace_back(trigger); }
    void run_progress(std::uint64_t, Stage stage, std::size_t, std::size_t) override { on_progress(stage); }
    void run_finished(std::uint64_t, const Json& report) override {
        reports.push_back(report);
        on_finished(report);
    }
    void selection_changed(const std::vector<std::string>&, const std::vector<std::string>&,
                           std::string_view) override {
        ++selections;
    }
    void server_blacklisted(std::string_view server, std::uint64_t, std::string_view) override {
        blacklisted.emplace_back(server);
    }
    void trouble(std::string_view what) override { troubles.emplace_back(what); }
    void reconverge_failed(const TransactionReport&) override {}
};

struct OptimizerTest : testing::Test {
    FakeWorld world;
    Ears ears;
    std::unique_ptr<Optimizer> optimizer;

    Optimizer& make() {
        optimizer = std::make_unique<Optimizer>(world.io.get_executor(), world.ports(), world.alarm, world.store, ears,
                                                world.config, 0);
        return *optimizer;
    }

    /// Runs until so many rounds have ended, then stops.
    void live(std::size_t rounds) {
        ears.reports.clear();
        ears.on_finished = [this, rounds](const Json&) {
            if (ears.reports.size() >= rounds) optimizer->stop();
        };
        run();
    }

    void run() {
        boost::asio::co_spawn(world.io, optimizer->run(), [](std::exception_ptr escaped) { EXPECT_FALSE(escaped); });
        world.io.restart();
        world.io.run_for(std::chrono::seconds(20));
        EXPECT_TRUE(world.io.stopped()) << "did not end by itself";
    }
};

}  // namespace ntpopt::test
