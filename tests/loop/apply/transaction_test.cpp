// The order of a transaction, what it becomes when a step fails or the process dies behind any state, and its limits.
#include "tests/loop/apply/transaction_fixture.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Transaction, runs_through_its_states_in_order) {
    const auto report = run(begin({"a.test", "b.test"}));
    EXPECT_THAT(service_.calls, ElementsAre("prepare", "write_files", "reload", "prove", "remove_base", "confirm"));
    EXPECT_THAT(states_, ElementsAre("prepared", "files_written", "reloaded", "verifying", "verified", "base_removed",
                                     "committed"));
    EXPECT_EQ(report.peer, "new.test");
    EXPECT_THAT(report.selected, ElementsAre("a.test", "b.test"));
    EXPECT_THAT(report.previous, ElementsAre("old.test"));
    EXPECT_EQ(transactions_->open(), 0u);
}

TEST_F(Transaction, a_failing_step_is_undone_and_named) {
    for (const std::string step : {"write_files", "reload", "prove", "remove_base", "confirm"}) {
        service_.fails_at = step;
        service_.calls.clear();
        const auto report = run(begin({"a.test"}));
        EXPECT_EQ(report.state, TransactionState::rolled_back) << step;
        EXPECT_EQ(report.reason, step + " failed");
        EXPECT_EQ(service_.calls.back(), "undo");
        EXPECT_FALSE(journal_->document().committed);
    }
}

TEST_F(Transaction, an_undo_that_fails_once_is_done_again) {
    service_.fails_at = "confirm";
    service_.fails_once = true;
    ASSERT_TRUE(begin({"b.test"}));
    transactions_->on_change([this](const TransactionReport& report) {
        if (report.state == TransactionState::rolling_back) service_.fails_at = "undo";
    });
    loop_.run(finish());
    EXPECT_EQ(transactions_->report(0)->state, TransactionState::rolled_back);
    EXPECT_EQ(std::count(service_.calls.begin(), service_.calls.end(), "undo"), 2);
}

TEST_F(Transaction, what_cannot_be_undone_is_degraded_and_says_both) {
    run(begin({"a.test"}));
    service_.fails_at = "confirm";
    ASSERT_TRUE(begin({"b.test"}));
    transactions_->on_change([this](const TransactionReport& report) {
        if (report.state == TransactionState::rolling_back) service_.fails_at = "undo";
    });
    loop_.run(finish());
    const auto report = *transactions_->report(0);
    EXPECT_EQ(report.state, TransactionState::degraded);
    EXPECT_THAT(report.reason, HasSubstr("confirm failed; and the old sources did not come back: undo failed"));
    EXPECT_EQ(journal_->document().committed->choices, choose({"a.test"}));
}

TEST_F(Transaction, after_a_crash_behind_any_state_it_goes_back_or_from_verified_on_forward) {
    const std::vector<TransactionState> states{TransactionState::prepared,    TransactionState::files_written,
                                               TransactionState::reloaded,    TransactionState::verifying,
                                               TransactionState::verified,    TransactionState::base_removed,
                                               TransactionState::rolling_back};
    for (const auto state : states) {
        ASSERT_TRUE(begin({"a.test"}));
        journal_->document().transaction->report.state = state;
        ASSERT_TRUE(journal_->save());
        start();
        EXPECT_NE(transactions_->open(), 0u);
        EXPECT_EQ(begin({"b.test"}).error().code, Errc::busy) << "before recovery nothing new begins";
        service_.calls.clear();
        EXPECT_TRUE(loop_.run(transactions_->recover()));
        const bool forward = state == TransactionState::verified || state == TransactionState::base_removed;
        EXPECT_EQ(transactions_->report(0)->state,
                  forward ? TransactionState::committed : TransactionState::rolled_back)
            << name_of(state);
        EXPECT_EQ(transactions_->report(0)->interrupted, !forward) << name_of(state);
        if (forward)
            EXPECT_THAT(service_.calls, ElementsAre("remove_base", "confirm"));
        else
            EXPECT_THAT(service_.calls, ElementsAre("undo"));
        EXPECT_FALSE(loop_.run(transactions_->recover())) << "nothing is open any more";
        EXPECT_TRUE(begin({"c.test"})) << "and the next one may begin";
        loop_.run(finish());
    }
}

TEST_F(Transaction, only_what_verification_said_counts_against_the_servers) {
    service_.fails_at = "prove";
    EXPECT_FALSE(run(begin({"a.test"})).interrupted);

    // The machine goes down while that is being undone.
    service_.fails_at.clear();
    ASSERT_TRUE(begin({"b.test"}));
    journal_->document().transaction->report.state = TransactionState::rolling_back;
    journal_->document().transaction->report.reason = "prove failed";
    ASSERT_TRUE(journal_->save());
    start();
    EXPECT_TRUE(loop_.run(transactions_->recover()));
    EXPECT_FALSE(transactions_->report(0)->interrupted);

    // And twice while nothing was proven yet.
    ASSERT_TRUE(begin({"c.test"}));
    start();
    service_.fails_at = "undo";
    EXPECT_TRUE(loop_.run(transactions_->recover()));
    EXPECT_TRUE(transactions_->report(0)->interrupted);
    EXPECT_EQ(transactions_->report(0)->state, TransactionState::degraded);
}

TEST_F(Transaction, one_at_a_time) {
    ASSERT_TRUE(begin({"a.test"}));
    EXPECT_EQ(begin({"b.test"}).error().code, Errc::busy);
    EXPECT_EQ(loop_.run(transactions_->begin_rollback(true)).error().code, Errc::busy);
    loop_.run(finish());
    EXPECT_TRUE(begin({"b.test"}));
}

TEST_F(Transaction, a_refused_preparation_leaves_nothing_open) {
    service_.fails_at = "prepare";
    EXPECT_FALSE(begin({"a.test"}));
    EXPECT_EQ(transactions_->open(), 0u);
    EXPECT_EQ(transactions_->report(0).error().code, Errc::not_found);
    service_.fails_at.clear();
    EXPECT_TRUE(begin({"a.test"}));
}

TEST_F(Transaction, the_daily_limit_counts_changes_and_forgets_them_after_a_day) {
    config_.apply.max_changes_per_day = 2;
    start();
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    EXPECT_THAT(begin({"c.test"}).error().detail, HasSubstr("max_changes_per_day"));
    start();
    EXPECT_FALSE(begin({"c.test"})) << "remembered by the next process";
    run(loop_.run(transactions_->begin_reconverge()));
    clock_.time += std::chrono::hours(24);
    EXPECT_TRUE(begin({"c.test"}));
}

TEST_F(Transaction, what_is_there_already_is_no_change) {
    service_.needed = false;
    config_.apply.max_changes_per_day = 1;
    start();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(run(begin({"a.test"})).state, TransactionState::committed);
    EXPECT_EQ(std::count(service_.calls.begin(), service_.calls.end(), "write_files"), 0);
}

TEST_F(Transaction, mode_observe_and_the_whitelist_hold_in_the_applier_too) {
    config_.selection.whitelist = {"*.good.test"};
    start();
    EXPECT_THAT(begin({"a.good.test", "b.test"}).error().detail, HasSubstr("b.test is not on the whitelist"));
    EXPECT_TRUE(begin({"a.good.test"}));
    loop_.run(finish());
    config_.mode = Mode::observe;
    start();
    EXPECT_THAT(begin({"a.good.test"}).error().detail, HasSubstr("observe"));
}

TEST_F(Transaction, whatever_is_asked_ten_thousand_times_a_day_begins_two_hundred_times) {
    config_.apply.max_changes_per_day = 3;
    service_.drifted = true;  // or there would be nothing to go back to
    start();
    run(begin({"a.test"}));
    int begun = 1;
    for (int i = 0; i < 10000; ++i) {
        const auto number = i % 3 == 0   ? begin({i % 2 == 0 ? "b.test" : "a.test"}, true)
                            : i % 3 == 1 ? loop_.run(transactions_->begin_reconverge())
                                         : loop_.run(transactions_->begin_rollback(i % 2 == 0));
        if (!number) {
            EXPECT_EQ(number.error().code, Errc::refused) << number.error().detail;
            continue;
        }
        ++begun;
        loop_.run(finish());
    }
    EXPECT_EQ(begun, 200);
    EXPECT_EQ(journal_->document().changes_usec.size(), 3u);
    EXPECT_THAT(loop_.run(transactions_->begin_rollback(true)).error().detail, HasSubstr("let root roll back"));
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true, true))).state, TransactionState::committed)
        << "root always finds the way back";
    start();
    EXPECT_FALSE(loop_.run(transactions_->begin_reconverge())) << "remembered by the next process";
    EXPECT_LE(journal_->document().begun_usec.size(), 200u);
    clock_.time += std::chrono::hours(24);
    EXPECT_TRUE(loop_.run(transactions_->begin_reconverge()));
}

TEST_F(Transaction, a_clock_that_was_set_back_bars_nobody_for_years) {
    config_.apply.max_changes_per_day = 1;
    start();
    run(begin({"a.test"}));
    clock_.time -= std::chrono::hours(24 * 3000);
    EXPECT_FALSE(begin({"b.test"})) << "counted from now";
    clock_.time += std::chrono::hours(25);
    EXPECT_TRUE(begin({"b.test"}));
}

TEST_F(Transaction, what_root_s_policy_no_longer_allows_comes_back_in_no_other_way) {
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    config_.selection.whitelist = {"b.test"};
    start();
    EXPECT_THAT(loop_.run(transactions_->begin_rollback(false)).error().detail,
                HasSubstr("a.test is not on the white"));
    config_.selection.whitelist = {"a.test"};
    start();
    EXPECT_THAT(loop_.run(transactions_->begin_reconverge()).error().detail, HasSubstr("b.test is not on the white"));
    config_.mode = Mode::observe;
    start();
    EXPECT_THAT(loop_.run(transactions_->begin_reconverge()).error().detail, HasSubstr("observe"));
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true))).state, TransactionState::committed);
}

TEST_F(Transaction, the_gates_close_before_anything_is_prepared) {
    auto choices = choose({"a.test", "b.test"});
    choices.back().offset_s = 7;
    EXPECT_THAT(loop_.run(transactions_->begin_apply(choices, true)).error().detail, HasSubstr("apart"));
    transactions_->know_timescales([](const Host&) { return Timescale::smear_24h; });
    EXPECT_THAT(begin({"a.test"}).error().detail, HasSubstr("a.test tells smear-24h"));
    EXPECT_THAT(service_.calls, ElementsAre());
    const auto plan = loop_.run(transactions_->plan(choices));
    ASSERT_TRUE(plan) << plan.error().detail;
    EXPECT_EQ(get_array(*plan, "refusals").size(), 2u) << "a dry run shows them all, each by itself";
}

TEST_F(Transaction, a_file_that_was_left_alone_is_told_of) {
    service_.fails_at = "prove";
    service_.left_alone = {"/etc/x was changed by somebody else"};
    const auto report = run(begin({"a.test"}));
    EXPECT_EQ(report.state, TransactionState::rolled_back);
    EXPECT_EQ(report.reason, "prove failed; /etc/x was changed by somebody else");
}

TEST_F(Transaction, keeps_how_far_the_evidence_went_with_the_transaction_and_over_restarts) {
    const EvidenceMark first{7, std::string(64, 'a')};
    const EvidenceMark second{9, std::string(64, 'b')};
    EXPECT_EQ(run(begin({"a.test"})).evidence, EvidenceMark{}) << "nobody said anything of it";
    EXPECT_EQ(loop_.run(transactions_->observe())->evidence, EvidenceMark{});
    EXPECT_EQ(run(loop_.run(transactions_->begin_apply(choose({"b.test"}), true, first))).evidence, first);
    start();
    EXPECT_EQ(transactions_->report(0)->evidence, first);
    EXPECT_EQ(loop_.run(transactions_->observe())->evidence, first);
    EXPECT_EQ(run(loop_.run(transactions_->begin_reconverge(second))).evidence, second);
    // Root rolls back without the daemon: what was told last stays.
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true, true))).evidence, EvidenceMark{});
    start();
    EXPECT_EQ(loop_.run(transactions_->observe())->evidence, second);
}

TEST_F(Transaction, says_loudly_that_the_evidence_went_back) {
    const EvidenceMark late{9, std::string(64, 'b')};
    run(loop_.run(transactions_->begin_apply(choose({"a.test"}), true, late)));
    for (const auto& [mark, loud] : {std::pair(late, false),
                                     {EvidenceMark{8, std::string(64, 'a')}, true},
                                     {EvidenceMark{10, std::string(64, 'c')}, false},
                                     {EvidenceMark{10, std::string(64, 'd')}, true},
                                     {EvidenceMark{}, true}}) {
        testing::internal::CaptureStderr();
        run(loop_.run(transactions_->begin_reconverge(mark)));
        const auto logged = testing::internal::GetCapturedStderr();
        EXPECT_EQ(logged.find("evidence went to entry") != std::string::npos, loud) << mark.seq << logged;
    }
}

TEST_F(Transaction, a_removal_without_a_service_takes_the_lines_out_of_its_files) {
    EXPECT_FALSE(*loop_.run(transactions_->withdraw())) << "nothing was changed yet";
    EXPECT_THAT(service_.calls, ElementsAre());
    run(begin({"a.test", "b.test"}));
    service_.calls.clear();

    service_.fails_at = "withdraw_files";
    service_.fails_once = true;
    EXPECT_FALSE(loop_.run(transactions_->withdraw()));
    ASSERT_TRUE(journal_->document().committed) << "what could not be taken back is not forgotten";

    start();
    EXPECT_EQ(*loop_.run(transactions_->withdraw()), true) << "this service runs all the same";
    start();
    EXPECT_FALSE(journal_->document().committed);
    EXPECT_TRUE(journal_->document().kept.empty());
    EXPECT_TRUE(journal_->document().paused);
    EXPECT_FALSE(*loop_.run(transactions_->withdraw())) << "once is enough";
    EXPECT_THAT(service_.calls, ElementsAre("withdraw_files", "withdraw_files"));
}

}  // namespace
}  // namespace ntpopt::test
