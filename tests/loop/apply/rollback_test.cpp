// The ways back: what is kept for them, and where there is none.
#include <filesystem>

#include "tests/loop/apply/transaction_fixture.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(Transaction, the_same_set_again_is_no_configuration_to_go_back_to) {
    run(begin({"a.test"}));
    auto again = choose({"a.test"});
    again.front().offset_s = 0.001;
    run(loop_.run(transactions_->begin_apply(again, true)));
    EXPECT_TRUE(journal_->document().kept.empty());
}

TEST_F(Transaction, roll_back_walks_back_through_what_was_committed_then_to_the_original) {
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    run(begin({"c.test"}));
    EXPECT_EQ(transactions_->kept().size(), 3u);
    EXPECT_THAT(run(loop_.run(transactions_->begin_rollback(false))).selected, ElementsAre("b.test"));
    EXPECT_THAT(begin({"d.test"}).error().detail, HasSubstr("by hand"));
    EXPECT_THAT(run(loop_.run(transactions_->begin_rollback(false))).selected, ElementsAre("a.test"));
    EXPECT_THAT(run(loop_.run(transactions_->begin_rollback(false))).selected, ElementsAre());
    EXPECT_TRUE(journal_->document().committed->original);
    EXPECT_EQ(run(begin({"d.test"}, true)).state, TransactionState::committed);
    EXPECT_TRUE(begin({"e.test"})) << "by hand once, automatic again";
}

TEST_F(Transaction, at_most_max_backups_are_kept) {
    config_.apply.max_backups = 2;
    start();
    for (const auto* name : {"a.test", "b.test", "c.test", "d.test", "e.test"})
        run(begin({name}));
    EXPECT_EQ(journal_->document().kept.size(), 2u);
    EXPECT_EQ(journal_->document().kept.back().choices, choose({"d.test"}));
}

TEST_F(Transaction, nothing_to_go_back_to_is_said) {
    EXPECT_EQ(loop_.run(transactions_->begin_rollback(true)).error().code, Errc::not_found);
    EXPECT_EQ(loop_.run(transactions_->begin_reconverge()).error().code, Errc::not_found);
}

TEST_F(Transaction, with_a_faulty_configuration_only_the_way_to_the_original_is_open) {
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    transactions_->only_go_back({Errc::invalid_argument, "apply.max_bakups: unknown key"});
    EXPECT_THAT(begin({"c.test"}).error().detail, HasSubstr("max_bakups"));
    EXPECT_THAT(loop_.run(transactions_->begin_rollback(false)).error().detail, HasSubstr("--original"));
    EXPECT_THAT(loop_.run(transactions_->observe())->refusals, testing::Contains(HasSubstr("max_bakups")));
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true))).state, TransactionState::committed);
}

TEST_F(Transaction, where_the_service_uses_its_own_servers_there_is_nothing_to_go_back_to) {
    run(begin({"a.test"}));
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true))).state, TransactionState::committed);
    const auto last = journal_->document().last_transaction;
    for (const bool original : {false, true}) {
        EXPECT_EQ(loop_.run(transactions_->begin_rollback(original)).error().code, Errc::not_found);
        EXPECT_EQ(loop_.run(transactions_->can_roll_back(original, false)).error().code, Errc::not_found);
    }
    EXPECT_EQ(journal_->document().last_transaction, last);
    service_.drifted = true;
    EXPECT_EQ(run(loop_.run(transactions_->begin_rollback(true))).state, TransactionState::committed)
        << "somebody brought ours back";
}

TEST_F(Transaction, who_asks_whether_it_can_be_rolled_back_begins_nothing) {
    EXPECT_EQ(loop_.run(transactions_->can_roll_back(true, false)).error().code, Errc::not_found);
    run(begin({"a.test"}));
    const auto last = journal_->document().last_transaction;
    EXPECT_TRUE(loop_.run(transactions_->can_roll_back(false, false)));
    EXPECT_EQ(journal_->document().last_transaction, last);
    EXPECT_FALSE(journal_->document().paused);
    EXPECT_EQ(run(begin({"b.test"})).state, TransactionState::committed) << "nothing is under way";
}

TEST_F(Transaction, what_was_committed_for_another_service_is_nobody_s_record) {
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    service_.kind = Service::timesyncd;
    EXPECT_TRUE(loop_.run(transactions_->observe())->kept.empty());
    EXPECT_FALSE(service_.knew_committed);
    EXPECT_EQ(loop_.run(transactions_->begin_reconverge()).error().code, Errc::not_found);
    for (const bool original : {false, true})
        EXPECT_EQ(loop_.run(transactions_->begin_rollback(original)).error().code, Errc::not_found);
    EXPECT_TRUE(loop_.run(transactions_->plan(choose({"c.test"}))));
    EXPECT_FALSE(service_.knew_committed);

    service_.kind = Service::chronyd;
    EXPECT_EQ(loop_.run(transactions_->observe())->kept.size(), 2u) << "it is there again, and so is its record";
    EXPECT_TRUE(service_.knew_committed);
}

TEST_F(Transaction, a_commit_takes_our_lines_out_of_the_files_of_the_service_before) {
    run(begin({"a.test"}));
    run(begin({"b.test"}));
    service_.kind = Service::ntpd;
    service_.calls.clear();
    EXPECT_EQ(run(begin({"c.test"})).state, TransactionState::committed);
    EXPECT_EQ(service_.calls.back(), "withdraw_files");
    EXPECT_EQ(journal_->document().committed->service, Service::ntpd);
    EXPECT_TRUE(journal_->document().kept.empty()) << "another service's sets are none to go back to";

    service_.calls.clear();
    EXPECT_EQ(run(begin({"d.test"})).state, TransactionState::committed);
    EXPECT_EQ(service_.calls.back(), "confirm");
    EXPECT_EQ(journal_->document().kept.size(), 1u);

    service_.kind = Service::chronyd;
    service_.fails_at = "withdraw_files";
    EXPECT_EQ(run(begin({"e.test"})).state, TransactionState::committed) << "files of an administrator's stay his";
    EXPECT_EQ(journal_->document().committed->service, Service::chronyd);
}

TEST_F(Transaction, what_the_last_change_may_have_left_is_known_however_it_ended) {
    EXPECT_TRUE(loop_.run(transactions_->observe()));
    EXPECT_FALSE(service_.knew_last);
    service_.fails_at = "prove";
    run(begin({"a.test"}));
    start();
    EXPECT_TRUE(loop_.run(transactions_->observe()));
    EXPECT_TRUE(service_.knew_last);
    EXPECT_FALSE(service_.knew_committed);
    service_.kind = Service::timesyncd;
    EXPECT_TRUE(loop_.run(transactions_->observe()));
    EXPECT_FALSE(service_.knew_last) << "another service's change is none of its own";
}

TEST_F(Transaction, a_change_that_the_journal_does_not_take_leaves_the_record_of_the_one_before) {
    service_.fails_at = "prove";
    run(begin({"a.test"}));
    service_.fails_at.clear();
    // A folder in the place of the document keeps it from being written.
    std::filesystem::remove(path_ + "/txn.json");
    std::filesystem::create_directory(path_ + "/txn.json");
    EXPECT_FALSE(begin({"b.test"}));
    ASSERT_TRUE(journal_->document().transaction);
    EXPECT_EQ(journal_->document().transaction->choices, choose({"a.test"}));
    EXPECT_TRUE(loop_.run(transactions_->observe()));
    EXPECT_TRUE(service_.knew_last);
}

TEST_F(Transaction, a_removal_takes_away_what_a_change_left_that_was_never_committed) {
    service_.fails_at = "prove";
    run(begin({"a.test"}));
    service_.calls.clear();
    service_.fails_at.clear();
    EXPECT_TRUE(*loop_.run(transactions_->withdraw())) << "this service runs all the same";
    EXPECT_THAT(service_.calls, ElementsAre("withdraw_files"));
    EXPECT_FALSE(*loop_.run(transactions_->withdraw())) << "once is enough";
}

TEST_F(Transaction, a_removal_asks_the_committed_change_and_the_last_one) {
    run(begin({"a.test"}));
    service_.fails_at = "prove";
    run(begin({"b.test"}, true));
    service_.calls.clear();
    service_.fails_at = "withdraw_files";
    service_.fails_once = true;
    EXPECT_TRUE(loop_.run(transactions_->withdraw())) << "what one of them takes away is no obstacle to the other";
    EXPECT_THAT(service_.calls, testing::Each("withdraw_files"));
    EXPECT_FALSE(journal_->document().committed);
}

TEST_F(Transaction, an_undone_change_leaves_the_record_of_the_service_before) {
    run(begin({"a.test"}));
    service_.kind = Service::ntpd;
    service_.fails_at = "confirm";
    EXPECT_EQ(run(begin({"c.test"})).state, TransactionState::rolled_back);
    EXPECT_EQ(journal_->document().committed->service, Service::chronyd);
}

}  // namespace
}  // namespace ntpopt::test
