// The evidence of sqlite_store.hpp: the chain in its table, its head beside it, one transaction an entry.
#include <algorithm>

#include "daemon/io/store/sqlite_store.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMostWaiting = 100;
constexpr std::uint64_t kDay_usec = 86'400'000'000;
constexpr const char* kNewestPruned =
    "SELECT seq, time_usec, kind, body, hash FROM evidence WHERE kind = 'pruned' ORDER BY seq DESC LIMIT 1";

EvidenceEntry entry_of(const Cursor& rows) {
    return {rows.natural(0), rows.natural(1), rows.text(2), rows.text(3), rows.text(4)};
}

Result<std::optional<EvidenceEntry>> only_entry(Cursor rows) {
    const auto found = rows.next();
    if (!found) return found.error();
    return *found ? std::optional(entry_of(rows)) : std::nullopt;
}

}  // namespace

Result<EvidenceMark> SqliteStore::stored_mark() {
    auto rows = database_->query("SELECT seq, hash FROM evidence_head");
    const auto found = rows.next();
    if (!found) return found.error();
    return *found ? EvidenceMark{rows.natural(0), rows.text(1)} : EvidenceMark{};
}

Status SqliteStore::add(EvidenceFact fact) {
    facts_.push_back(std::move(fact));
    if (facts_.size() > kMostWaiting) facts_.erase(facts_.begin());
    if (!database_)
        if (auto again = reopen(); !again) return again;
    auto written = write_facts();
    if (written) tidy(UINT64_MAX);
    database_->release_memory();
    return written;
}

/// What waits, in one transaction. A fact that can never be written must not hold up those behind it.
Status SqliteStore::write_facts() {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    auto mark = stored_mark();
    if (!mark) return mark.error();
    Status worst;
    for (const auto& fact : facts_) {
        auto entry = chain(*mark, fact);
        if (!entry) {
            worst = entry.error();
            continue;
        }
        if (auto done = write_entry(*entry); !done) return done;
        *mark = {entry->seq, std::move(entry->hash)};
    }
    if (auto done = transaction->commit(); !done) return done;
    facts_.clear();
    mark_ = *std::move(mark);
    return worst;
}

Status SqliteStore::write_entry(const EvidenceEntry& entry) {
    if (auto done = database_->run("INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", entry.seq, entry.time_usec,
                                   entry.kind, entry.body, entry.hash);
        !done)
        return done;
    return database_->run(
        "INSERT INTO evidence_head VALUES (0, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        entry.seq, entry.hash);
}

Result<std::vector<EvidenceEntry>> SqliteStore::entries(const EvidenceWindow& window) {
    std::vector<EvidenceEntry> found;
    if (!database_ && had_file_) return closed_;
    if (!database_) return found;
    auto rows = database_->query(
        "SELECT seq, time_usec, kind, body, hash FROM evidence WHERE seq > ? AND time_usec >= ? AND time_usec < ? "
        "ORDER BY seq LIMIT ?",
        window.after_seq, window.from_usec, window.to_usec, static_cast<std::uint64_t>(window.limit));
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) return found;
        found.push_back(entry_of(rows));
    }
}

Result<std::optional<EvidenceEntry>> SqliteStore::entry(std::uint64_t seq) {
    if (!database_ && had_file_) return closed_;
    if (!database_) return std::optional<EvidenceEntry>();
    return only_entry(database_->query("SELECT seq, time_usec, kind, body, hash FROM evidence WHERE seq = ?", seq));
}

Result<LedgerCheck> SqliteStore::check() {
    if (!database_) return closed_;
    const auto pruned = only_entry(database_->query(kNewestPruned));
    if (!pruned) return pruned.error();
    const auto head = stored_mark();
    if (!head) return head.error();
    ChainCheck chain(*pruned);
    std::optional<EvidenceEntry> alarm;
    auto rows = database_->query("SELECT seq, time_usec, kind, body, hash FROM evidence ORDER BY seq");
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) break;
        auto entry = entry_of(rows);
        if (!chain.take(entry)) break;
        if (entry.kind == evidence::kAlarm) alarm = std::move(entry);
    }
    auto fault = chain.finish(*head);
    return LedgerCheck{chain.first(), chain.mark(), std::move(fault), std::move(alarm)};
}

Status SqliteStore::prune(std::uint64_t oldest_usec, std::uint64_t most, std::uint64_t now_usec) {
    if (!database_) return closed_;
    const auto first = database_->number("SELECT min(seq) FROM evidence");
    const auto last = database_->number("SELECT max(seq) FROM evidence");
    for (const auto* read : {&first, &last})
        if (!*read) return read->error();
    if (*last == 0) return {};
    auto keep_from = static_cast<std::uint64_t>(*first);
    const auto count = static_cast<std::uint64_t>(*last - *first) + 1;
    if (count > most + most / 10) keep_from = static_cast<std::uint64_t>(*last) - most + 1;
    const auto begun = entry(keep_from);
    if (!begun) return begun.error();
    if (*begun && (*begun)->time_usec + kDay_usec < oldest_usec) {
        // Up to the first that is young enough: a clock that was wrong for a while must not cost what came before.
        auto rows =
            database_->query("SELECT min(seq) FROM evidence WHERE seq >= ? AND time_usec >= ?", keep_from, oldest_usec);
        const auto found = rows.next();
        if (!found) return found.error();
        keep_from = rows.natural(0) != 0 ? rows.natural(0) : static_cast<std::uint64_t>(*last);
    }
    if (keep_from == static_cast<std::uint64_t>(*first)) return {};
    const auto gone = entry(keep_from - 1);
    if (!gone) return gone.error();
    if (!*gone) return Error{Errc::parse, "the evidence has a gap and is left as it is"};
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    const auto mark = stored_mark();
    if (!mark) return mark.error();
    const auto entry = chain(*mark, pruned_fact({(*gone)->seq, (*gone)->hash}, now_usec));
    if (!entry) return entry.error();
    if (auto done = write_entry(*entry); !done) return done;
    if (auto done = database_->run("DELETE FROM evidence WHERE seq < ?", keep_from); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
    mark_ = {entry->seq, entry->hash};
    return {};
}

}  // namespace ntpopt
