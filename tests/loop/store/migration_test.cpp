// A file of each earlier version is brought to the tables of today, with all that was in it. The tables of those
// versions stand here once more, as they were released.
#include <gmock/gmock.h>

#include "daemon/io/store/schema.hpp"
#include "tests/loop/store/sample_rounds.hpp"

namespace ntpopt {
namespace {

using test::open_store;
using test::sample_round;
using test::Scratch;

constexpr const char* kVersion1 = R"(
    CREATE TABLE documents (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE rounds (
        run_id INTEGER PRIMARY KEY,
        started_usec INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        asked INTEGER NOT NULL,
        score REAL,
        head TEXT NOT NULL,
        servers TEXT NOT NULL);
    CREATE INDEX rounds_by_time ON rounds (started_usec, bytes);

    CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE appearances (name INTEGER NOT NULL, run_id INTEGER NOT NULL, PRIMARY KEY (name, run_id)) WITHOUT ROWID;
    CREATE INDEX appearances_by_round ON appearances (run_id);

    CREATE TABLE selections (
        run_id INTEGER PRIMARY KEY,
        started_usec INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        previous TEXT NOT NULL,
        selected TEXT NOT NULL,
        reason TEXT NOT NULL);

    CREATE TABLE trace (place INTEGER PRIMARY KEY, segment INTEGER NOT NULL, line TEXT NOT NULL);
    CREATE INDEX trace_by_segment ON trace (segment);

    CREATE TABLE dns_cache (
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        asked_usec INTEGER NOT NULL,
        expires_usec INTEGER NOT NULL,
        answers TEXT NOT NULL,
        PRIMARY KEY (name, kind)) WITHOUT ROWID;
    CREATE TABLE list_cache (
        url TEXT PRIMARY KEY,
        etag TEXT NOT NULL,
        fetched_usec INTEGER NOT NULL,
        checked_usec INTEGER NOT NULL,
        body TEXT NOT NULL) WITHOUT ROWID;

    -- For whoever looks with the sqlite3 shell: what is known of each server, and what is held against it.
    CREATE VIEW servers AS
        SELECT key AS address,
               json_extract(value, '$.bias_ms') AS bias_ms,
               json_extract(value, '$.jitter_sum_ms') / json_extract(value, '$.jitter_weight') AS jitter_ms,
               100.0 * ifnull(json_extract(value, '$.received'), 0) / json_extract(value, '$.sent') AS reachability,
               ifnull(json_extract(value, '$.conviction'), 0) AS conviction,
               datetime(json_extract(value, '$.updated_s'), 'unixepoch') AS updated
        FROM documents, json_each(document, '$.servers') WHERE name = 'selection';
    CREATE VIEW strikes AS
        SELECT key AS server,
               ifnull(json_extract(value, '$.failures'), 0) AS failures,
               datetime(json_extract(value, '$.blacklisted_until_s'), 'unixepoch') AS blacklisted_until,
               ifnull(json_extract(value, '$.by_hand'), 0) AS by_hand,
               datetime(json_extract(value, '$.banned_until_s'), 'unixepoch') AS banned_until,
               datetime(json_extract(value, '$.paused_until_s'), 'unixepoch') AS paused_until
        FROM documents, json_each(document, '$.penalties') WHERE name = 'selection';
    )";

/// What version 2 added.
constexpr const char* kVersion2 = R"(
    CREATE TABLE evidence (
        seq INTEGER PRIMARY KEY,
        time_usec INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        hash TEXT NOT NULL);
    CREATE INDEX evidence_by_time ON evidence (time_usec);
    CREATE INDEX evidence_pruned ON evidence (seq) WHERE kind = 'pruned';
    CREATE TABLE evidence_head (
        place INTEGER PRIMARY KEY CHECK (place = 0),
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL);
    )";

/// The columns of a table, or of a view, with commas between.
std::string columns_of(Database& database, const std::string& table) {
    std::string all;
    auto rows = database.query("SELECT name FROM pragma_table_info(?)", std::string_view(table));
    while (rows.next().value())
        all += (all.empty() ? "" : ",") + rows.text(0);
    return all;
}

/// A file of that version with a document and a round in it.
void write_version(const Scratch& scratch, int version) {
    auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
    ASSERT_TRUE(database.script("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL"));
    ASSERT_TRUE(database.script(kVersion1));
    const std::string added = version >= 2 ? kVersion2 : "";
    ASSERT_TRUE(database.script(added));
    const auto marks = "PRAGMA application_id = 1853124719; PRAGMA user_version = " + std::to_string(version);
    ASSERT_TRUE(database.script(marks));
    const auto round = pack_round(sample_round(3, 2)).value();
    ASSERT_TRUE(database.run("INSERT INTO rounds VALUES (?, ?, 100, ?, ?, ?, ?, ?)", round.run_id, round.started_usec,
                             round.outcome, round.asked, round.score, round.head, round.servers));
    ASSERT_TRUE(database.run("INSERT INTO documents VALUES ('selection', '{\"round\":3}')"));
}

class Migration : public testing::TestWithParam<int> {};

TEST_P(Migration, AFileOfAnEarlierVersionIsBroughtToTodaysTablesWithAllThatIsInIt) {
    Scratch scratch;
    write_version(scratch, GetParam());
    {
        auto store = open_store(scratch);
        EXPECT_THAT(store.notices(), testing::IsEmpty());
        EXPECT_EQ(store.load("selection")->dump(), R"({"round":3})");
        EXPECT_EQ(get_integer(store.last_round().value(), "run_id"), 3);
        EXPECT_TRUE(test::remember(store, sample_round(4, 2)));
    }
    EXPECT_FALSE(scratch.has("ntpopt.db.damaged"));
    auto old = Database::open(scratch.file(SqliteStore::kFile)).value();
    Scratch fresh;
    { ASSERT_TRUE(test::remember(*std::make_unique<SqliteStore>(open_store(fresh)), sample_round(1, 1))); }
    auto today = Database::open(fresh.file(SqliteStore::kFile)).value();
    EXPECT_EQ(old.number("PRAGMA user_version").value(), today.number("PRAGMA user_version").value());
    auto tables = today.query("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name");
    int seen = 0;
    while (tables.next().value()) {
        ++seen;
        auto same = old.query("SELECT sql FROM sqlite_schema WHERE name = ?", std::string_view(tables.text(0)));
        ASSERT_TRUE(same.next().value()) << tables.text(0);
        EXPECT_EQ(same.text(0), tables.text(1)) << tables.text(0);
    }
    EXPECT_GT(seen, 12);
    EXPECT_EQ(columns_of(old, "evidence"), "seq,time_usec,kind,body,hash");
    EXPECT_EQ(columns_of(old, "outbox"), "id,channel,event");
}

INSTANTIATE_TEST_SUITE_P(Versions, Migration, testing::Values(1, 2),
                         [](const auto& given) { return std::to_string(given.param); });

TEST(MigrationFailure, AMigrationThatCannotBeWrittenLeavesTheFileAsItWas) {
    Scratch scratch;
    write_version(scratch, 1);
    {
        auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
        // What a later version makes stands there already, so that its script fails half way.
        ASSERT_TRUE(database.script("CREATE TABLE evidence_head (place INTEGER)"));
    }
    {
        const auto store = open_store(scratch);
        EXPECT_THAT(store.notices(), testing::ElementsAre(testing::HasSubstr("nothing can be remembered")));
    }
    auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
    EXPECT_EQ(database.number("PRAGMA user_version").value(), 1);
    EXPECT_EQ(columns_of(database, "evidence"), "");
    EXPECT_EQ(database.number("SELECT count(*) FROM rounds").value(), 1);
}

}  // namespace
}  // namespace ntpopt
