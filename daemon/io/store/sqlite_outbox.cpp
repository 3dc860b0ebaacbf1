// The outbox of sqlite_store.hpp. An event is written once for each channel, and goes when that channel has it.
#include "daemon/io/store/sqlite_store.hpp"

namespace ntpopt {
namespace {

constexpr const char* kState = "notices";
constexpr std::size_t kMaxEvent = 65536;
/// More than the channels' queues hold at once, whatever somebody has put into the table.
constexpr int kMostEntries = 20000;

}  // namespace

Result<std::vector<OutboxEntry>> SqliteStore::waiting() {
    std::vector<OutboxEntry> entries;
    if (!database_) return entries;
    auto rows = database_->query("SELECT id, channel, event FROM outbox ORDER BY id LIMIT ?", kMostEntries);
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) return entries;
        auto event = parse_json(rows.text(2), kMaxEvent);
        entries.push_back({rows.natural(0), rows.text(1), event ? *std::move(event) : Json(nullptr)});
    }
}

Result<Json> SqliteStore::notice_state() {
    return load(kState);
}

Status SqliteStore::change(const OutboxChange& change) {
    if (!database_)
        if (auto again = reopen(); !again) return again;
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return transaction.error();
    for (const auto& entry : change.added)
        if (auto done = database_->run("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?)", entry.id,
                                       std::string_view(entry.channel), std::string_view(render_json(entry.event)));
            !done)
            return done;
    for (const auto id : change.removed)
        if (auto done = database_->run("DELETE FROM outbox WHERE id = ?", id); !done) return done;
    if (auto done = write_document(kState, change.state); !done) return done;
    return transaction->commit();
}

}  // namespace ntpopt
