// What is asked of the engine while it does not yet know how the change ended in whose middle an earlier life did.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>

#include "daemon/core/record/selection_state.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::OptimizerTest;
using testing::ElementsAre;
using testing::SizeIs;

/// ntpoptd ended in the change of run 1, which goes on without it.
struct RecoveringTest : OptimizerTest {
    int asked = 0;  ///< how often the applier was

    RecoveringTest() {
        make();
        world.service.hangs = true;
        ears.on_progress = [this](Stage stage) {
            if (stage == Stage::verify) boost::asio::post(world.io, [this] { optimizer->stop(); });
        };
        run();
        ears.on_progress = [](Stage) {};
        world.service.hangs = false;
        world.service.has_last = true;
        world.service.last = world.service.ends;
        world.service.last.state = TransactionState::verifying;
        world.service.last.selected = {"a.test", "b.test", "c.test", "d.test"};
        EXPECT_EQ(get_integer(get_object(world.store.documents["open-round"], "report"), "run_id"), 1);
    }

    /// Does this once the engine has asked the applier so often; a second passes each time.
    void when_asked(int times, std::function<void()> what) {
        asked = 0;
        world.service.on_transaction = [this, times, what = std::move(what)] {
            if (++asked == times) boost::asio::post(world.io, what);
            world.clock.skip(1s);
            boost::asio::post(world.io, [this] { world.alarm.ring(); });
        };
    }

    void end(TransactionState state) { world.service.last.state = state; }
};

TEST_F(RecoveringTest, ARequestIsARunOfItsOwn) {
    auto& engine = make();
    when_asked(2, [&] {
        EXPECT_EQ(engine.state().state, "recovering");
        EXPECT_EQ(engine.state().last_run_id, 0U);
        const auto id = engine.reoptimize(true);
        ASSERT_TRUE(id);
        EXPECT_EQ(*id, 2U);
        end(TransactionState::committed);
    });
    live(2);
    ASSERT_THAT(ears.reports, SizeIs(2));
    EXPECT_EQ(get_integer(ears.reports.at(0), "run_id"), 1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_EQ(get_integer(ears.reports.at(1), "run_id"), 2);
    EXPECT_TRUE(get_bool(ears.reports.at(1), "dry_run"));
}

TEST_F(RecoveringTest, ABlacklistingAndItsRemovalHold) {
    ASSERT_TRUE(make().blacklist(*Endpoint::parse("x.test"), std::nullopt));
    auto& engine = make();
    when_asked(2, [&] {
        EXPECT_EQ(engine.state().state, "recovering");
        EXPECT_TRUE(engine.blacklist(*Endpoint::parse("e.test"), std::nullopt));
        EXPECT_TRUE(engine.unblacklist(*Endpoint::parse("x.test")));
        end(TransactionState::committed);
    });
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    for (int life = 1; life <= 2; ++life) {
        ASSERT_THAT(optimizer->blacklist_entries(), SizeIs(1));
        EXPECT_EQ(optimizer->blacklist_entries().front().name, "e.test");
        make();
    }
}

TEST_F(RecoveringTest, ABlacklistingHoldsAlsoWhereThatLifeEndsBeforeTheChangeDoes) {
    auto& engine = make();
    when_asked(2, [&] {
        EXPECT_TRUE(engine.blacklist(*Endpoint::parse("e.test"), std::nullopt));
        engine.stop();
    });
    run();
    end(TransactionState::committed);
    make();
    live(1);
    EXPECT_THAT(optimizer->blacklist_entries(), SizeIs(1));
}

TEST_F(RecoveringTest, AChangeThatTakesLongIsWaitedFor) {
    make();
    when_asked(1000, [&] { end(TransactionState::committed); });
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->penalties, testing::IsEmpty());
    EXPECT_THAT(optimizer->state().selected, ElementsAre("a.test", "b.test", "c.test", "d.test"));
}

TEST_F(RecoveringTest, AnApplierThatSaysNothingIsNotWaitedForForEver) {
    world.service.transaction_failure = Error{Errc::unavailable, "nobody is there"};
    ears.triggers.clear();
    auto& engine = make();
    when_asked(2, [&] { EXPECT_TRUE(engine.reoptimize(false)); });
    live(1);
    EXPECT_GE(asked, 300);
    EXPECT_THAT(ears.triggers, ElementsAre("request"));
    EXPECT_EQ(get_integer(ears.reports.at(0), "run_id"), 2);
}

TEST_F(RecoveringTest, AnApplierThatNeverMadeAChangeHasSaidSo) {
    world.service.has_last = false;
    make();
    when_asked(2, [&] { optimizer->stop(); });
    live(1);
    EXPECT_EQ(asked, 1);
    ASSERT_THAT(ears.reports, SizeIs(1));
    EXPECT_EQ(get_integer(ears.reports.at(0), "run_id"), 1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "failed");
    EXPECT_EQ(get_string(ears.reports.at(0), "reason"), "ntpoptd ended before the applier began the change");
    EXPECT_EQ(world.store.documents.count("open-round"), 0U);
}

TEST_F(OptimizerTest, TheNumberOfARunInWhichTheProcessDiedIsNotGivenAwayAgain) {
    make();
    auto dead = Json();
    world.prober.on_probe = [&] { dead = world.store.documents.at("rounds"); };
    live(1);
    world.store = {};
    world.store.documents["rounds"] = dead;
    EXPECT_EQ(*make().reoptimize(false), 2U);
    EXPECT_EQ(optimizer->state().last_run_id, 0U) << "of those that are remembered";
}

}  // namespace
}  // namespace ntpopt
