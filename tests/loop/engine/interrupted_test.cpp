// Changes whose end an earlier life of the engine did not see: the applier knows how they ended.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>

#include "daemon/core/record/selection_state.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using test::OptimizerTest;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(OptimizerTest, StoppedInTheMiddleOfAChangeItLeavesTheEndToTheApplier) {
    make();
    world.service.hangs = true;
    ears.on_progress = [this](Stage stage) {
        if (stage == Stage::verify) boost::asio::post(world.io, [this] { optimizer->stop(); });
    };
    run();
    EXPECT_THAT(ears.reports, testing::IsEmpty());
    EXPECT_EQ(get_string(get_object(world.store.documents["open-round"], "report"), "outcome"), "would_apply");

    world.service.hangs = false;
    world.service.has_last = true;
    world.service.last = world.service.ends;
    world.service.last.selected = {"a.test", "b.test", "c.test", "d.test"};
    ears.on_progress = [](Stage) {};
    auto& second = make();
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_THAT(get_string(ears.reports.at(0), "reason"), HasSubstr("the applier finished alone"));
    EXPECT_THAT(second.state().selected, SizeIs(4));
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->incumbents, SizeIs(4));
    EXPECT_EQ(world.store.documents.count("open-round"), 0U);
}

TEST_F(OptimizerTest, AChangeThatTheApplierUndidAloneIsToldAsRolledBack) {
    make();
    world.service.hangs = true;
    ears.on_progress = [this](Stage stage) {
        if (stage == Stage::verify) boost::asio::post(world.io, [this] { optimizer->stop(); });
    };
    run();
    world.service.has_last = true;
    world.service.last = world.service.ends;
    world.service.last.state = TransactionState::rolled_back;
    world.service.last.reason = "no new source answered";
    make();
    ears.on_progress = [](Stage) {};
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "rolled_back");
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->incumbents, testing::IsEmpty());
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->penalties, SizeIs(4));
}

class OptimizerAfterAPowerCut : public OptimizerTest {
  protected:
    /// What is remembered of a change in whose middle ntpoptd ended, when its next life asks for the applier's `last`.
    SelectionState remembered(std::uint64_t last, const std::string& outcome) {
        make();
        world.service.hangs = true;
        ears.on_progress = [this](Stage stage) {
            if (stage == Stage::verify) boost::asio::post(world.io, [this] { optimizer->stop(); });
        };
        run();
        world.service.has_last = true;
        world.service.last = world.service.ends;
        world.service.last.id = last;
        world.service.last.state = TransactionState::rolled_back;
        world.service.last.interrupted = true;
        make();
        ears.on_progress = [](Stage) {};
        live(1);
        EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), outcome);
        return *parse_selection_state(world.store.documents["selection"]);
    }
};

TEST_F(OptimizerAfterAPowerCut, AnInterruptedChangeDoesNotCountAgainstItsServers) {
    const auto after = remembered(world.service.ends.id, "rolled_back");
    EXPECT_THAT(after.penalties, testing::IsEmpty());
    EXPECT_THAT(after.incumbents, testing::IsEmpty());
}

TEST_F(OptimizerAfterAPowerCut, AChangeThatNeverBeganDoesNotCountAgainstItsServers) {
    const auto after = remembered(0, "failed");
    EXPECT_THAT(after.penalties, testing::IsEmpty());
    EXPECT_THAT(after.incumbents, testing::IsEmpty());
}

}  // namespace
}  // namespace ntpopt
