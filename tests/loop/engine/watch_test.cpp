// What calls for a round, or for the committed set once more, between the rounds of the schedule.
#include <gmock/gmock.h>

#include <functional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/engine/optimizer.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::OptimizerTest;
using testing::ElementsAre;

/// A round during which something happens; then ten minutes pass.
struct TriggeredTest : OptimizerTest {
    boost::asio::steady_timer soon{world.io};

    void happen(Trigger trigger) {
        auto& engine = make();
        world.prober.on_probe = [&engine, trigger] { engine.trigger(trigger); };
        ears.on_finished = [&](const Json&) {
            world.prober.on_probe = [] {};
            world.clock.skip(11min);
            soon.expires_after(300ms);
            soon.async_wait([&engine](boost::system::error_code) { engine.stop(); });
        };
        run();
    }
};

TEST_F(TriggeredTest, ANetworkThatChangesDuringARoundCallsForAnotherOne) {
    happen(Trigger::network_changed);
    EXPECT_THAT(ears.triggers, ElementsAre("boot", "network_changed"));
}

TEST_F(TriggeredTest, WhatARoundDoesToTheServiceCallsForNoOther) {
    happen(Trigger::unsynchronised);
    EXPECT_THAT(ears.triggers, ElementsAre("boot"));
}

TEST_F(OptimizerTest, AServiceThatWasRestartedIsBroughtBackWithoutARound) {
    auto& engine = make();
    ears.on_finished = [&](const Json&) {
        world.service.observation.drifted = true;
        engine.check_service_soon();
    };
    boost::asio::steady_timer poll(world.io);
    std::function<void(boost::system::error_code)> look = [&](boost::system::error_code) {
        if (std::count(world.service.calls.begin(), world.service.calls.end(), "reconverge") > 0) return engine.stop();
        poll.expires_after(std::chrono::milliseconds(20));
        poll.async_wait(look);
    };
    look({});
    run();
    EXPECT_EQ(world.prober.rounds, 1);
}

/// A service that loses its source after a round, though its servers answer; then most of an hour passes.
struct UnsynchronisedTest : OptimizerTest {
    boost::asio::steady_timer tick{world.io};
    int minutes = 0;

    void let_time_pass() {
        if (ears.reports.size() > 1 || ++minutes > 45) return optimizer->stop();
        world.clock.skip(1min);
        optimizer->check_service_soon();
        tick.expires_after(5ms);
        tick.async_wait([this](boost::system::error_code) { let_time_pass(); });
    }

    /// `between`: what happens before the engine looks at the service again.
    void lose_the_source(const std::function<void()>& between) {
        make();
        world.service.observation.synchronised = true;
        ears.on_finished = [this, between](const Json&) {
            if (ears.reports.size() > 1) return;
            ServiceSource answering;
            answering.name = "a.test";
            answering.reach = 255;
            world.service.observation.synchronised = false;
            world.service.observation.sources = {answering};
            between();
            let_time_pass();
        };
        run();
    }
};

TEST_F(UnsynchronisedTest, CallsForARound) {
    lose_the_source([] {});
    EXPECT_THAT(ears.triggers, ElementsAre("boot", "unsynchronised"));
}

TEST_F(UnsynchronisedTest, CallsForARoundThoughSomebodyAskedForTheStatusBefore) {
    lose_the_source(
        [this] { boost::asio::co_spawn(world.io, optimizer->observation(Duration::zero()), boost::asio::detached); });
    EXPECT_THAT(ears.triggers, ElementsAre("boot", "unsynchronised"));
}

TEST_F(OptimizerTest, AServiceWithoutASourceCallsForARoundSoonButNotAtOnce) {
    for (const bool dead : {false, true}) {
        auto& engine = make();
        ServiceSource silent;
        silent.name = "a.test";
        world.service.observation.synchronised = true;
        ears.on_finished = [&](const Json&) {
            world.service.observation.synchronised = dead;
            world.service.observation.sources = {silent};  // reach 0: none of its last eight requests was answered
            engine.check_service_soon();
        };
        boost::asio::steady_timer poll(world.io);
        std::function<void(boost::system::error_code)> look = [&](boost::system::error_code) {
            const auto wait = engine.state().next_run - world.clock.now();
            if (wait > std::chrono::minutes(0) && wait < std::chrono::minutes(11)) return engine.stop();
            poll.expires_after(std::chrono::milliseconds(20));
            poll.async_wait(look);
        };
        look({});
        run();
        EXPECT_GT(engine.state().next_run, world.clock.now() + std::chrono::minutes(5)) << "damped";
    }
}

}  // namespace
}  // namespace ntpopt
