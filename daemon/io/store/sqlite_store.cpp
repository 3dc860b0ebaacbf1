// Implementation of sqlite_store.hpp: the file's life, documents and rounds. The caches are in sqlite_caches.cpp.
#include "daemon/io/store/sqlite_store.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "daemon/io/store/schema.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxDocument = 16 * 1024 * 1024;
/// Rounds that go in one transaction at most; where the limit was lowered far the rest goes with the next rounds.
constexpr int kForgottenAtOnce = 200;
constexpr auto kCachesUnused = std::chrono::hours(168);
constexpr auto kNoRoundIsFrom = std::chrono::hours(24);  // beyond now: a clock that was wrong

std::int64_t usec_before(RealTime time, Duration span) {
    return std::chrono::duration_cast<std::chrono::microseconds>((time - span).time_since_epoch()).count();
}

bool has_content(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

/// The documents of ntpopt 0.1, each a file NAME.json.
constexpr std::array<const char*, 4> kFirstDocuments{"selection", "overrides", "open-round", "trace"};
constexpr const char* kFirstRound = "last-run";

}  // namespace

Result<SqliteStore> SqliteStore::open(const std::string& directory) {
    auto opened = Directory::open(directory);
    if (!opened) return opened.error();
    if (auto locked = opened->lock(); !locked) return locked.error();
    SqliteStore store(*std::move(opened));
    store.open_file();
    if (store.database_) store.take_over_files();
    return store;
}

void SqliteStore::open_file() {
    const auto path = directory_.path() + "/" + kFile;
    had_file_ = has_content(path);
    auto opened = open_memory(path);
    if (!opened && opened.error().code == Errc::parse && had_file_) {
        set_aside(opened.error().detail);
        opened = open_memory(path);
    }
    if (opened) {
        database_.emplace(*std::move(opened));
        [[maybe_unused]] const auto swept =
            database_->run("DELETE FROM names WHERE id NOT IN (SELECT name FROM appearances)");
        if (auto mark = stored_mark()) mark_ = *std::move(mark);
        return;
    }
    closed_ = opened.error();
    notices_.push_back(fmt::format("nothing can be remembered: {}", closed_.detail));
}

/// The log goes with its file, so that whoever wants to save something from it has all of it.
void SqliteStore::set_aside(const std::string& why) {
    const auto path = directory_.path() + "/" + kFile;
    const auto aside = path + ".damaged";
    std::remove((aside + "-wal").c_str());
    if (std::rename(path.c_str(), aside.c_str()) != 0) {
        notices_.push_back(fmt::format("{} is damaged ({}) and cannot be set aside", path, why));
        return;
    }
    std::rename((path + "-wal").c_str(), (aside + "-wal").c_str());
    had_file_ = false;
    notices_.push_back(
        fmt::format("{} was damaged ({}): it is set aside as {}, and a fresh memory begins", path, why, aside));
}

/// Once: as soon as the database remembers anything, the files are only moved out of the way.
void SqliteStore::take_over_files() {
    Remembered first;
    std::vector<std::pair<std::string, const char*>> moves;
    const auto read = [&](const char* name) -> Json {
        const auto file = std::string(name) + ".json";
        const auto text = directory_.read(file, kMaxDocument);
        if (text && !*text) return nullptr;
        auto document = text ? parse_json(**text, kMaxDocument) : Result<Json>(text.error());
        moves.emplace_back(file, document ? ".migrated" : ".damaged");
        if (document) return *std::move(document);
        notices_.push_back(
            fmt::format("{}/{} cannot be taken over: {}", directory_.path(), file, document.error().detail));
        return nullptr;
    };
    for (const auto* name : kFirstDocuments)
        if (auto document = read(name); !document.is_null()) first.documents.emplace_back(name, std::move(document));
    if (auto round = read(kFirstRound); !round.is_null()) first.round = std::move(round);
    if (moves.empty()) return;
    const auto known = database_->number("SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM rounds)");
    if (known && *known == 0) {
        if (first.round && !pack_round(*first.round)) first.round.reset();
        if (auto taken = save(first); !taken) {
            notices_.push_back("the files of the first version cannot be taken over: " + taken.error().detail);
            return;
        }
        notices_.push_back(fmt::format("took over what the first version kept as files in {}", directory_.path()));
    }
    for (const auto& [file, ending] : moves) {
        const auto path = directory_.path() + "/" + file;
        std::rename(path.c_str(), (path + ending).c_str());
    }
}

/// A file that could not be made may be possible now. One that could not be read is left alone as long as we live: what
/// we know is not what is in it.
Status SqliteStore::reopen() {
    if (had_file_) return closed_;
    auto opened = open_memory(directory_.path() + "/" + kFile);
    if (!opened) return closed_ = opened.error();
    database_.emplace(*std::move(opened));
    return {};
}

Status SqliteStore::limit_pages(int pages) {
    if (!database_) return closed_;
    return database_->script(fmt::format("PRAGMA max_page_count = {}", pages));
}

Result<Json> SqliteStore::load(std::string_view name) {
    if (!database_) return Json(nullptr);
    auto rows = database_->query("SELECT document FROM documents WHERE name = ?", name);
    const auto found = rows.next();
    if (!found) return found.error();
    if (!*found) return Json(nullptr);
    return parse_json(rows.text(0), kMaxDocument);
}

Result<Json> SqliteStore::last_round() {
    if (!database_) return Json(nullptr);
    const auto last = database_->number("SELECT max(run_id) FROM rounds");
    if (!last) return last.error();
    const auto stored = round(static_cast<std::uint64_t>(*last));
    if (!stored) return stored.error().code == Errc::not_found ? Result<Json>(nullptr) : stored.error();
    return unpack_round(*stored);
}

Status SqliteStore::trace(const TakeLine& take) {
    if (!database_) return {};
    auto rows = database_->query("SELECT segment, line FROM trace ORDER BY place");
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more || !take(rows.natural(0), rows.text(1))) return {};
    }
}

Status SqliteStore::save(const Remembered& what) {
    if (!database_)
        if (auto again = reopen(); !again) return again;
    auto written = write(what);
    if (written) tidy(what.round ? what.limits.max_size : UINT64_MAX);
    database_->release_memory();
    return written;
}

Status SqliteStore::write(const Remembered& what) {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    for (const auto& [name, document] : what.documents)
        if (auto done = write_document(name, document); !done) return done;
    if (what.trace)
        if (auto done = write_trace(*what.trace); !done) return done;
    if (auto done = write_caches(); !done) return done;
    if (what.round) {
        if (auto done = prune_caches(what.limits.max_size); !done) return done;
        if (auto done = write_round(what); !done) return done;
    }
    auto done = transaction->commit();
    if (done) {
        answers_.clear();
        lists_.clear();
    }
    return done;
}

Status SqliteStore::write_document(const std::string& name, const Json& document) {
    if (document.is_null()) return database_->run("DELETE FROM documents WHERE name = ?", name);
    return database_->run("INSERT INTO documents VALUES (?, ?) ON CONFLICT DO UPDATE SET document = excluded.document",
                          name, render_json(document));
}

Status SqliteStore::write_trace(const TraceChange& change) {
    if (change.afresh)
        if (auto done = database_->run("DELETE FROM trace"); !done) return done;
    for (const auto segment : change.dropped)
        if (auto done = database_->run("DELETE FROM trace WHERE segment = ?", segment); !done) return done;
    for (const auto& [segment, line] : change.added)
        if (auto done = database_->run("INSERT INTO trace (segment, line) VALUES (?, ?)", segment, line); !done)
            return done;
    return {};
}

Status SqliteStore::write_round(const Remembered& what) {
    const auto packed = pack_round(*what.round);
    if (!packed) return packed.error();
    if (what.now)
        if (auto done = forget_old(what.limits, *what.now); !done) return done;
    if (auto done = forget_round(packed->run_id); !done) return done;
    const auto bytes = packed->head.size() + packed->servers.size();
    if (auto done = make_room(bytes, what.limits.max_size); !done) return done;
    auto& db = *database_;
    if (auto done = db.run("INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?, ?, ?)", packed->run_id, packed->started_usec,
                           static_cast<std::uint64_t>(bytes), packed->outcome, packed->asked, packed->score,
                           packed->head, packed->servers);
        !done)
        return done;
    for (const auto& server : get_array(*what.round, "servers")) {
        const auto name = get_string(server, "name");
        if (auto done = db.run("INSERT OR IGNORE INTO names (name) VALUES (?)", name); !done) return done;
        if (auto done = db.run("INSERT OR IGNORE INTO appearances SELECT id, ? FROM names WHERE name = ?",
                               packed->run_id, name);
            !done)
            return done;
    }
    const auto& selected = get_array(*what.round, "selected");
    const auto& previous = get_array(*what.round, "previous");
    if (get_bool(*what.round, "dry_run") || selected == previous) return {};
    return db.run("INSERT OR REPLACE INTO selections VALUES (?, ?, ?, ?, ?, ?)", packed->run_id, packed->started_usec,
                  packed->outcome, render_json(previous), render_json(selected), get_string(*what.round, "reason"));
}

Status SqliteStore::forget_round(std::uint64_t run_id) {
    if (auto done = database_->run("DELETE FROM appearances WHERE run_id = ?", run_id); !done) return done;
    return database_->run("DELETE FROM rounds WHERE run_id = ?", run_id);
}

Status SqliteStore::forget_old(const HistoryConfig& limits, RealTime now) {
    const auto oldest = usec_before(now, limits.retention);
    const auto newest = usec_before(now, -kNoRoundIsFrom);
    std::vector<std::uint64_t> old;
    auto rows = database_->query("SELECT run_id FROM rounds WHERE started_usec < ? OR started_usec > ? LIMIT ?", oldest,
                                 newest, kForgottenAtOnce);
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) break;
        old.push_back(rows.natural(0));
    }
    for (const auto run_id : old)
        if (auto done = forget_round(run_id); !done) return done;
    if (auto done = database_->run("DELETE FROM selections WHERE started_usec < ?", oldest); !done) return done;
    const auto unused = usec_before(now, kCachesUnused);
    if (auto done = database_->run("DELETE FROM dns_cache WHERE expires_usec < ?", unused); !done) return done;
    return database_->run("DELETE FROM list_cache WHERE checked_usec < ? OR checked_usec > ?", unused, newest);
}

/// The oldest rounds go, in the order in which they were run, until so many bytes fit. The file then grows into pages
/// that are free, and never beyond its limit.
Status SqliteStore::make_room(std::uint64_t bytes, std::uint64_t max_size) {
    const auto page = database_->number("PRAGMA page_size");
    if (!page) return page.error();
    for (int i = 0; i < kForgottenAtOnce; ++i) {
        const auto pages = database_->number("PRAGMA page_count");
        const auto free = database_->number("PRAGMA freelist_count");
        const auto oldest = database_->number("SELECT min(run_id) FROM rounds");
        for (const auto* read : {&pages, &free, &oldest})
            if (!*read) return read->error();
        // The last page of each of the two texts, and what the indexes may take.
        const auto wanted = *pages - *free + static_cast<std::int64_t>(bytes) / *page + 8;
        if (wanted <= static_cast<std::int64_t>(max_size) / *page || *oldest == 0) return {};
        if (auto done = forget_round(static_cast<std::uint64_t>(*oldest)); !done) return done;
    }
    return {};
}

/// Brings the log into the file, so that it is short at the next start, and gives back what is over the limit. A
/// failure costs nothing that was recorded.
void SqliteStore::tidy(std::uint64_t max_size) {
    const auto page = database_->number("PRAGMA page_size");
    const auto pages = database_->number("PRAGMA page_count");
    [[maybe_unused]] Status done;
    if (page && pages && static_cast<std::uint64_t>(*page * *pages) > max_size)
        done = database_->script("PRAGMA incremental_vacuum");
    done = database_->script("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<std::vector<std::uint64_t>> SqliteStore::find(const RoundWindow& window) {
    if (!database_) return std::vector<std::uint64_t>();
    const auto limit = static_cast<std::uint64_t>(window.limit);
    auto rows = window.server.empty()
                    ? database_->query(
                          "SELECT run_id, bytes FROM rounds WHERE started_usec >= ? AND started_usec < ? "
                          "ORDER BY started_usec DESC, run_id DESC LIMIT ?",
                          window.since_usec, window.until_usec, limit)
                    : database_->query(
                          "SELECT run_id, 2 * bytes / max(asked, 1) FROM names JOIN appearances ON "
                          "appearances.name = names.id JOIN rounds USING (run_id) WHERE started_usec >= ? "
                          "AND started_usec < ? AND names.name = ? "
                          "ORDER BY started_usec DESC, run_id DESC LIMIT ?",
                          window.since_usec, window.until_usec, std::string_view(window.server), limit);
    std::vector<std::uint64_t> found;
    std::uint64_t bytes = 0;
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) break;
        bytes += rows.natural(1);
        if (bytes > window.bytes && !found.empty()) break;
        found.push_back(rows.natural(0));
    }
    std::reverse(found.begin(), found.end());
    return found;
}

Result<StoredRound> SqliteStore::round(std::uint64_t run_id) {
    const Error unknown{Errc::not_found, fmt::format("run {} is not remembered", run_id)};
    if (!database_) return unknown;
    auto rows = database_->query(
        "SELECT run_id, started_usec, outcome, asked, score, head, servers FROM rounds WHERE run_id = ?", run_id);
    const auto found = rows.next();
    if (!found) return found.error();
    if (!*found) return unknown;
    return StoredRound{rows.natural(0), rows.natural(1), rows.text(2), static_cast<int>(rows.integer(3)),
                       rows.real(4),    rows.text(5),    rows.text(6)};
}

}  // namespace ntpopt
