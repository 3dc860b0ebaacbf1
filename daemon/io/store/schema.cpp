// Implementation of schema.hpp.
#include "daemon/io/store/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::int64_t kApplication = 0x6E74706F;  // "ntpo"

/// Each brings the tables from the version of its place to the next. One that was released is never changed.
constexpr std::array<const char*, 3> kMigrations{
    // What is large stands last in its row, so that a look at the rest reads no more than that.
    R"(
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
    )",
    // The hash-chained log of core/evidence, and its newest entry once more, so that a tail that was cut off shows.
    R"(
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
    )",
    // Notices that wait for a channel. What was told already is in the document "notices".
    R"(
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, event TEXT NOT NULL);
    )",
};
constexpr auto kVersion = static_cast<std::int64_t>(kMigrations.size());

/// Alone with the file, SQLite keeps its index of the log in memory: it needs no file that a full disk could refuse.
/// Each commit is on the disk when it returns. A page cache of 256 KiB is enough for a daemon that writes four times a
/// day.
constexpr const char* kSettings = R"(
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -256;
    PRAGMA temp_store = MEMORY;
)";

Status set_up(Database& database) {
    if (auto alone = database.script("PRAGMA locking_mode = EXCLUSIVE"); !alone) return alone;
    const auto pages = database.number("PRAGMA page_count");
    if (!pages) return pages.error();
    // Only where it is new: this writes, and a full disk must not keep us from reading.
    if (*pages == 0)
        if (auto set = database.script("PRAGMA auto_vacuum = INCREMENTAL"); !set) return set;
    return database.script(kSettings);
}

Status check(Database& database) {
    auto rows = database.query("PRAGMA integrity_check(1)");
    const auto found = rows.next();
    if (!found) return found.error();
    if (*found && rows.text(0) == "ok") return {};
    const auto told = *found ? rows.text(0) : std::string("SQLite does not say that it is whole");
    return Error{Errc::parse, printable(lines(told).back())};
}

Status migrate(Database& database) {
    const auto application = database.number("PRAGMA application_id");
    const auto version = database.number("PRAGMA user_version");
    const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
    for (const auto* read : {&application, &version, &tables})
        if (!*read) return read->error();
    if (*application != kApplication && (*application != 0 || *tables != 0))
        return Error{Errc::parse, "it is another program's database"};
    if (*version > kVersion)
        return Error{Errc::parse,
                     fmt::format("a later ntpopt wrote it (tables of version {}, known are {})", *version, kVersion)};
    if (*version == kVersion) return {};
    auto transaction = Transaction::begin(database);
    if (!transaction) return transaction.error();
    for (auto next = static_cast<std::size_t>(*version); next < kMigrations.size(); ++next)
        if (auto done = database.script(kMigrations[next]); !done) return done;
    const auto mark = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplication, kVersion);
    if (auto marked = database.script(mark); !marked) return marked;
    return transaction->commit();
}

}  // namespace

Result<Database> open_memory(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return database;
    if (auto set = set_up(*database); !set) return set.error();
    if (auto whole = check(*database); !whole) return whole.error();
    if (auto current = migrate(*database); !current) return current.error();
    return database;
}

}  // namespace ntpopt
