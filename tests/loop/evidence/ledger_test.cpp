// The evidence in its file: what comes back, what is forgotten and how, a full disk, and whoever works on the file
// behind the daemon's back.
#include <gmock/gmock.h>

#include <fstream>

#include "daemon/io/store/sqlite_store.hpp"
#include "tests/loop/store/sample_rounds.hpp"

namespace ntpopt {
namespace {

using test::open_store;
using test::Scratch;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kBegin_usec = 1'767'225'600'000'000;
constexpr std::uint64_t kHour_usec = 3'600'000'000;

EvidenceFact sample_fact(std::uint64_t i) {
    return {kBegin_usec + i * kHour_usec, evidence::kClock, Json{{"bound_ns", 1000 + i}, {"peer", "ntp1.example"}}};
}

/// So many entries in one transaction, as the store would have written them one by one.
void fill(const Scratch& scratch, std::uint64_t entries) {
    { [[maybe_unused]] const auto made = open_store(scratch); }
    auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
    auto transaction = Transaction::begin(database).value();
    EvidenceMark mark;
    for (std::uint64_t i = 1; i <= entries; ++i) {
        const auto entry = chain(mark, sample_fact(i)).value();
        ASSERT_TRUE(database.run("INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", entry.seq, entry.time_usec, entry.kind,
                                 entry.body, entry.hash));
        mark = {entry.seq, entry.hash};
    }
    ASSERT_TRUE(database.run("INSERT INTO evidence_head VALUES (0, ?, ?)", mark.seq, mark.hash));
    ASSERT_TRUE(transaction.commit());
}

void edit(const Scratch& scratch, const std::string& sql) {
    auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
    ASSERT_TRUE(database.script(sql)) << sql;
}

std::optional<EvidenceFault> fault_in(const Scratch& scratch) {
    auto store = open_store(scratch);
    EXPECT_THAT(store.notices(), IsEmpty());
    return store.check().value().fault;
}

TEST(Ledger, WhatIsAddedSurvivesARestartInOneChain) {
    Scratch scratch;
    {
        auto store = open_store(scratch);
        EXPECT_EQ(store.mark(), EvidenceMark{});
        EXPECT_EQ(store.check().value().first, 0U);
        ASSERT_TRUE(store.add(sample_fact(1)));
        ASSERT_TRUE(store.add(sample_fact(2)));
    }
    auto store = open_store(scratch);
    EXPECT_EQ(store.mark().seq, 2U);
    ASSERT_TRUE(store.add(sample_fact(3)));
    const auto all = store.entries({}).value();
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all[2].body, R"({"bound_ns":1003,"peer":"ntp1.example"})");
    EXPECT_EQ(store.entry(3).value(), all[2]);
    EXPECT_EQ(store.entry(4).value(), std::nullopt);
    const auto checked = store.check().value();
    EXPECT_EQ(checked.fault, std::nullopt);
    EXPECT_EQ(checked.head, store.mark());
    EXPECT_THAT(store.entries({.from_usec = kBegin_usec + 2 * kHour_usec}).value(), SizeIs(2));
    EXPECT_THAT(store.entries({.to_usec = kBegin_usec + 2 * kHour_usec}).value(), SizeIs(1));
    EXPECT_EQ(store.entries({.after_seq = 1, .limit = 1}).value().front().seq, 2U);
}

TEST(Ledger, WhatAFullDiskRefusesIsWrittenLater) {
    Scratch scratch;
    auto store = open_store(scratch);
    ASSERT_TRUE(store.add(sample_fact(1)));
    const auto pages = static_cast<int>(std::filesystem::file_size(scratch.file(SqliteStore::kFile)) / 4096);
    ASSERT_TRUE(store.limit_pages(pages));
    std::uint64_t refused = 0;
    for (std::uint64_t i = 2; i < 40; ++i)
        refused += store.add(sample_fact(i)) ? 0U : 1U;
    ASSERT_GT(refused, 0U);
    EXPECT_LT(store.mark().seq, 39U);
    ASSERT_TRUE(store.limit_pages(100'000));
    ASSERT_TRUE(store.add(sample_fact(40)));
    EXPECT_EQ(store.mark().seq, 40U);
    EXPECT_EQ(store.check().value().fault, std::nullopt);
}

TEST(Ledger, WhatIsForgottenForItsAgeLeavesAChainThatFits) {
    Scratch scratch;
    fill(scratch, 200);
    {
        auto store = open_store(scratch);
        const auto now = kBegin_usec + 200 * kHour_usec;
        ASSERT_TRUE(store.prune(kBegin_usec + 20 * kHour_usec, 1000, now));
        EXPECT_EQ(store.mark().seq, 200U) << "less than a day's worth waits";
        ASSERT_TRUE(store.prune(kBegin_usec + 50 * kHour_usec, 1000, now));
        const auto checked = store.check().value();
        EXPECT_EQ(checked.fault, std::nullopt);
        EXPECT_EQ(checked.first, 50U);
        EXPECT_EQ(store.entry(201).value()->kind, evidence::kPruned);
        ASSERT_TRUE(store.prune(0, 100, now));
        EXPECT_EQ(store.check().value().first, 102U) << "and for their number";
    }
    auto store = open_store(scratch);
    EXPECT_EQ(store.check().value().fault, std::nullopt);
    ASSERT_TRUE(store.add(sample_fact(300)));
    EXPECT_EQ(store.check().value().fault, std::nullopt);
    ASSERT_TRUE(store.prune(kBegin_usec + 10'000 * kHour_usec, 1000, kBegin_usec + 10'000 * kHour_usec));
    const auto checked = store.check().value();
    EXPECT_EQ(checked.fault, std::nullopt) << "all but the last one were too old";
    EXPECT_EQ(checked.head.seq - checked.first, 1U);
}

TEST(Ledger, WhateverIsDoneToTheFileIsFound) {
    struct Deed {
        const char* sql;
        std::uint64_t seq;
    };
    Scratch scratch;
    fill(scratch, 1000);
    EXPECT_EQ(fault_in(scratch), std::nullopt);
    std::filesystem::copy_file(scratch.file(SqliteStore::kFile), scratch.file("whole"));
    for (const auto& [sql, seq] : {
             Deed{"UPDATE evidence SET body = replace(body, '1500', '1501') WHERE seq = 500", 500},
             Deed{"UPDATE evidence SET time_usec = time_usec + 1 WHERE seq = 3", 3},
             Deed{"UPDATE evidence SET kind = 'sources' WHERE seq = 1000", 1000},
             Deed{"UPDATE evidence SET hash = upper(hash) WHERE seq = 77", 77},
             Deed{"DELETE FROM evidence WHERE seq = 1", 1},
             Deed{"DELETE FROM evidence WHERE seq = 640", 640},
             Deed{"DELETE FROM evidence WHERE seq BETWEEN 100 AND 200", 100},
             Deed{"DELETE FROM evidence WHERE seq > 990", 991},
             Deed{"DELETE FROM evidence", 1},
             Deed{"DELETE FROM evidence_head", 1000},
             Deed{"UPDATE evidence SET seq = 0 WHERE seq = 7; UPDATE evidence SET seq = 7 WHERE seq = 8;"
                  "UPDATE evidence SET seq = 8 WHERE seq = 0",
                  7},
             Deed{"UPDATE evidence SET seq = 2000 WHERE seq = 1000", 1000},
             Deed{"INSERT INTO evidence SELECT 1001, time_usec, kind, body, hash FROM evidence WHERE seq = 1000", 1001},
         }) {
        std::filesystem::copy_file(scratch.file("whole"), scratch.file(SqliteStore::kFile),
                                   std::filesystem::copy_options::overwrite_existing);
        edit(scratch, sql);
        const auto fault = fault_in(scratch);
        ASSERT_TRUE(fault) << sql;
        EXPECT_EQ(fault->seq, seq) << sql << ": " << fault->what;
    }
}

TEST(Ledger, EveryByteOfAnEntryInTheFileIsHeld) {
    Scratch scratch;
    fill(scratch, 20);
    const auto path = scratch.file(SqliteStore::kFile);
    std::ifstream in(path, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    const auto entry = open_store(scratch).entry(11).value().value();
    const auto at = whole.find(entry.body + entry.hash);
    ASSERT_NE(at, std::string::npos);
    for (std::size_t i = 0; i < entry.body.size() + entry.hash.size(); ++i) {
        {
            auto changed = whole;
            changed[at + i] = static_cast<char>(static_cast<unsigned char>(changed[at + i]) ^ (1U << (i % 8)));
            std::ofstream(path, std::ios::binary).write(changed.data(), static_cast<std::streamsize>(changed.size()));
        }
        auto store = open_store(scratch);
        const auto checked = store.check();
        ASSERT_TRUE(checked);
        ASSERT_TRUE(checked->fault) << i;
        EXPECT_EQ(checked->fault->seq, 11U) << i;
    }
}

}  // namespace
}  // namespace ntpopt
