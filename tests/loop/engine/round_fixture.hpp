// One round against a world of values.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "daemon/engine/round.hpp"
#include "tests/loop/engine/fakes.hpp"

namespace ntpopt::test {

struct RoundTest : testing::Test {
    FakeWorld world;
    RoundRequest request;
    std::vector<Stage> stages;
    bool remembered_before_change = false;
    boost::asio::cancellation_signal cancel;
    std::optional<Stage> cancel_at;
    std::function<void(const DecidedRound& round)> on_decided = [](const DecidedRound&) {};

    RoundResult run() {
        request.run_id = 1;
        request.config = world.config;
        Round::Hooks hooks;
        hooks.progress = [this](Stage stage, std::size_t, std::size_t) {
            stages.push_back(stage);
            if (cancel_at == stage) cancel.emit(boost::asio::cancellation_type::terminal);
        };
        hooks.observed = [](const ServiceObservation&) {};
        hooks.decided = on_decided;
        hooks.before_change = [this](const OpenRound&) {
            remembered_before_change = std::count(world.service.calls.begin(), world.service.calls.end(), "apply") == 0;
        };
        Round round(world.ports(), request, hooks);
        std::optional<RoundResult> result;
        boost::asio::co_spawn(
            world.io, round.run(),
            boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr escaped, RoundResult done) {
                EXPECT_FALSE(escaped);
                result = std::move(done);
            }));
        world.io.restart();
        world.io.run();
        return std::move(result.value());
    }
};

}  // namespace ntpopt::test
