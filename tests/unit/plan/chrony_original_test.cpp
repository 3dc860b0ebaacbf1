// The way back to chronyd's own sources: which lines have to be brought back, and which come by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan/chrony_views.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ChronyOriginal, deleted_lines_come_back_by_chronyc) {
    auto view = debian();
    const auto removed = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {})->removed;
    view.our_text = "server a.test iburst\nserver b.test iburst\n";
    view.sources = {listed("a.test", "10.1.0.1", '*'), listed("b.test", "10.1.0.2")};
    const auto plan = plan_chrony_original(view, removed);
    EXPECT_EQ(plan.staged_text, view.our_text);
    EXPECT_EQ(plan.final_text, std::nullopt);
    EXPECT_EQ(plan.final_restore_text, std::nullopt);
    EXPECT_EQ(plan.returning, removed);
    ASSERT_EQ(plan.members.size(), 2u);
    EXPECT_TRUE(plan.members[0].fresh);
    EXPECT_THAT(sources_to_delete(plan, view.sources), ElementsAre("10.1.0.2", "10.1.0.1"));
}

TEST(ChronyOriginal, what_our_line_keeps_goes_with_it_and_comes_back_by_its_own) {
    auto view = debian();
    const auto removed = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {})->removed;
    // The service's own server was chosen again: our line brought it back.
    view.our_text = "server a.test iburst\nserver base.test iburst\n";
    view.sources = {listed("a.test", "10.1.0.1", '*'), listed("base.test", "10.0.0.9")};
    const auto again = plan_chrony_change(view, {choose("a.test"), choose("base.test")}, {});
    ASSERT_TRUE(again);
    EXPECT_THAT(*again->final_text, HasSubstr("server base.test iburst\n"));
    const auto carried = still_removed(view, removed, again->removed);
    EXPECT_THAT(names_of(carried), ElementsAre("pool.test", "base.test"));
    EXPECT_THAT(names_of(plan_chrony_original(view, carried).returning), ElementsAre("pool.test", "base.test"));
    // A chronyd that was started since has its own lines.
    view.restore_stale = true;
    EXPECT_THAT(still_removed(view, removed, {}), testing::SizeIs(1));
    EXPECT_EQ(plan_chrony_change(view, {choose("base.test")}, {})->final_text, std::nullopt);
}

TEST(ChronyOriginal, where_nobody_would_be_left_all_of_its_own_are_added) {
    auto view = debian();
    view.our_text = "server a.test iburst\npool pool.test iburst\n";
    view.sources = {listed("a.test", "10.1.0.1", '*'), listed("pool.test", "10.0.0.1")};
    EXPECT_THAT(names_of(plan_chrony_original(view, {}).returning), ElementsAre("pool.test", "base.test"));
    view.sources.push_back(listed("base.test", "10.0.0.9"));
    EXPECT_TRUE(plan_chrony_original(view, {}).returning.empty());
    // A chronyd that was started since has its own lines, but what has ours alone goes with them.
    view.restore_stale = true;
    view.sources = {listed("a.test", "10.1.0.1", '*')};
    EXPECT_THAT(names_of(plan_chrony_original(view, {}).returning), ElementsAre("pool.test", "base.test"));
    view.sources.push_back(listed("pool.test", "10.0.0.1"));
    EXPECT_TRUE(plan_chrony_original(view, {}).returning.empty());
}

TEST(ChronyOriginal, before_anything_was_deleted_nothing_needs_restoring) {
    auto view = debian();
    view.our_text = "server a.test iburst\n";
    const auto plan = plan_chrony_original(view, view.config.sources);
    EXPECT_TRUE(plan.returning.empty());
    EXPECT_FALSE(plan.members[0].fresh);
}

}  // namespace
}  // namespace ntpopt::test
