// What the applier remembers survives the process, and damage is set aside rather than believed.
#include "daemon/apply/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/apply/chrony_record.hpp"
#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

class JournalFile : public testing::Test {
  protected:
    const test::Scratch scratch_;
    const std::string path_ = scratch_.path();
};

JournalDocument sample() {
    JournalDocument document;
    document.last_transaction = 7;
    document.paused = true;
    document.changes_usec = {1, 2};
    const std::vector<Choice> choices{
        {*Endpoint::parse("a.test:124"), *Address::parse("192.0.2.1"), false, 0, Timescale::utc, 0.5, 0.1}};
    document.committed = CommittedSet{6, 5, Service::chronyd, choices, false, {{"x", 1}}};
    document.kept.push_back(CommittedSet{5, 4, Service::chronyd, {}, true, Json::object()});
    document.transaction.emplace();
    document.transaction->report.id = 7;
    document.transaction->report.state = TransactionState::verifying;
    document.transaction->report.kind = "apply";
    document.transaction->service = Service::chronyd;
    document.transaction->choices = choices;
    document.transaction->boot = "boot";
    document.transaction->change = {{"y", 2}};
    return document;
}

TEST_F(JournalFile, survives_the_process) {
    {
        auto journal = Journal::open(path_ + "/state");
        ASSERT_TRUE(journal);
        journal->document() = sample();
        ASSERT_TRUE(journal->save());
    }
    const auto again = Journal::open(path_ + "/state");
    ASSERT_TRUE(again);
    EXPECT_EQ(to_json(again->document()), to_json(sample()));
    EXPECT_EQ(again->damage(), "");
    struct stat status {};
    ASSERT_EQ(stat((path_ + "/state/txn.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    ASSERT_EQ(stat((path_ + "/state").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(JournalFile, a_damaged_one_is_set_aside_and_said) {
    for (const std::string text : {"", "{", "[]", R"({"version":2})", R"({"version":1,"transaction":{"report":{}}})"}) {
        std::ofstream(path_ + "/txn.json") << text;
        const auto journal = Journal::open(path_);
        ASSERT_TRUE(journal);
        EXPECT_THAT(journal->damage(), testing::HasSubstr("txn.json was damaged")) << text;
        EXPECT_EQ(journal->document().last_transaction, 0u);
        EXPECT_TRUE(std::filesystem::exists(path_ + "/txn.json.damaged"));
    }
}

// It could be written larger than it was ever read again, and then no applier started, not even to roll back.
TEST_F(JournalFile, whatever_was_saved_is_read_again) {
    const Json text = std::string(6 * 1024 * 1024, 'x');
    std::size_t size = 0;
    {
        auto journal = Journal::open(path_);
        journal->document() = sample();
        auto& transaction = *journal->document().transaction;
        transaction.report.state = TransactionState::prepared;
        transaction.change = {{"before", text}, {"staged", text}, {"final", text}};
        EXPECT_EQ(journal->save().error().code, Errc::refused) << "before anything is changed";
        EXPECT_FALSE(std::filesystem::exists(path_ + "/txn.json"));
        transaction.change.erase("final");
        ASSERT_TRUE(journal->save());
        journal->document().committed->change = transaction.change;
        transaction.report.state = TransactionState::committed;
        ASSERT_TRUE(journal->save());
        size = std::filesystem::file_size(path_ + "/txn.json");
        for (int i = 0; i < 100; ++i)
            journal->document().kept.push_back(*journal->document().committed);
        ASSERT_TRUE(journal->save());
        EXPECT_LT(std::filesystem::file_size(path_ + "/txn.json"), size + 100'000)
            << "of sets to return to the choices";
    }
    const auto again = Journal::open(path_);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->damage(), "");
    EXPECT_EQ(again->document().committed->change["staged"], text);
    EXPECT_EQ(again->document().kept.size(), 101u);
}

// What was committed beside it took so much of the room that no way back could begin.
TEST_F(JournalFile, what_was_allowed_to_begin_can_be_rolled_back) {
    auto journal = *Journal::open(path_);
    journal.document() = sample();
    auto& transaction = *journal.document().transaction;
    const auto begin = [&](std::size_t megabytes) {
        transaction.change = {{"before", std::string(megabytes * 1024 * 1024, 'x')}};
        transaction.report.state = TransactionState::prepared;
        return journal.save();
    };
    const auto commit = [&] {
        journal.document().committed->change = transaction.change;
        transaction.report.state = TransactionState::committed;
        return journal.save();
    };
    ASSERT_TRUE(begin(15));
    ASSERT_TRUE(commit());
    EXPECT_EQ(begin(17).error().code, Errc::refused);
    transaction.report.kind = "rollback";
    EXPECT_TRUE(begin(17)) << "marks make a text a little larger";
    EXPECT_TRUE(commit());
    EXPECT_EQ(begin(25).error().code, Errc::refused) << "it could begin, and not be committed";
}

TEST_F(JournalFile, belongs_to_one_process_at_a_time) {
    const auto first = Journal::open(path_);
    EXPECT_EQ(Journal::open(path_).error().code, Errc::busy);
}

TEST(ChronyRecordJson, survives_the_way) {
    ChronyRecord record;
    record.instance = "12:345";
    record.chronyc = {"/usr/bin/chronyc", "-h", "/run/x"};
    record.our_path = "/etc/chrony/sources.d/50-ntpopt.sources";
    record.restore_path = "/run/chrony-dhcp/ntpopt-restore.sources";
    record.our_before = "server a\n";
    record.former = {{"pool.test", 3, {"10.0.0.1", "10.0.0.2"}}};
    record.reference_ids = {"10.0.0.1"};
    record.reference_time_s = 1795349400.511922915;
    record.plan.members.push_back(
        {parse_chrony_sources_file("pool p.test iburst maxsources 2\n")->front(), false, true});
    record.plan.removed = *parse_chrony_sources_file("server a.test key 3 minpoll 5\n");
    record.plan.staged_text = "x\n";
    const auto again = parse_chrony_record(to_json(record));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(to_json(*again), to_json(record));
    EXPECT_EQ(again->plan.removed, record.plan.removed);
    EXPECT_EQ(again->plan.members[0].directive.max_sources, 2);

    record.config = OurFile{"/etc/chrony.conf", FileImage{"server a\n", 0640, 0, 993, ""}, {"staged\n", "final\n"}};
    record.our_path = record.config->path;
    record.restore_path.clear();
    const auto edited = parse_chrony_record(to_json(record));
    ASSERT_TRUE(edited) << edited.error().detail;
    EXPECT_EQ(to_json(*edited), to_json(record));
    Json one_text = to_json(record);
    one_text["config"]["written"].erase(0);
    EXPECT_FALSE(parse_chrony_record(one_text));
}

TEST(ChronyRecordJson, anything_else_is_refused) {
    for (const std::string_view text :
         {"{}", R"({"service":"ntpd","our_path":"/a","restore_path":"/b","chronyc":["c"]})",
          R"({"service":"chronyd","our_path":"a","restore_path":"/b","chronyc":["c"]})",
          R"({"service":"chronyd","our_path":"/a","restore_path":"/b"})",
          R"({"service":"chronyd","our_path":"/a","restore_path":"/b","chronyc":["c"],"plan":{"removed":["allow"]}})"})
        EXPECT_FALSE(parse_chrony_record(*parse_json(text))) << text;
}

}  // namespace
}  // namespace ntpopt
