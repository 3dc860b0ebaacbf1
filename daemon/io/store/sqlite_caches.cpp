// The caches of sqlite_store.hpp: what is put is written at once, without a wait for the disk; what cannot be written
// waits in memory for whatever is saved next.
#include <algorithm>
#include <utility>

#include "daemon/io/store/sqlite_store.hpp"

namespace ntpopt {
namespace {

/// What may wait, and what is kept of lists: as many as may be configured.
constexpr std::size_t kWaitingAnswers = 1024;
constexpr std::size_t kMaxLists = 32;
constexpr std::uint64_t kListsShare = 4;  // a quarter of what the memory may take

template <typename Item, typename Same>
void put_into(std::vector<Item>& waiting, Item item, std::size_t most, Same same) {
    std::erase_if(waiting, same);
    if (waiting.size() >= most) waiting.erase(waiting.begin());
    waiting.push_back(std::move(item));
}

std::string joined(const std::vector<std::string>& lines) {
    auto array = Json::array();
    for (const auto& line : lines)
        array.push_back(line);
    return render_json(array);
}

}  // namespace

std::optional<CachedAnswer> SqliteStore::answer(std::string_view name, std::string_view kind) {
    for (const auto& waiting : answers_)
        if (waiting.name == name && waiting.kind == kind) return waiting;
    if (!database_) return std::nullopt;
    auto rows = database_->query("SELECT asked_usec, expires_usec, answers FROM dns_cache WHERE name = ? AND kind = ?",
                                 name, kind);
    if (const auto found = rows.next(); !found || !*found) return std::nullopt;
    CachedAnswer out{std::string(name), std::string(kind), {}, from_usec(rows.natural(0)), from_usec(rows.natural(1))};
    const auto lines = parse_json("{\"answers\":" + rows.text(2) + "}");
    if (!lines) return std::nullopt;
    out.answers = get_strings(*lines, "answers");
    return out;
}

void SqliteStore::put(CachedAnswer answer) {
    const auto same = [name = answer.name, kind = answer.kind](const CachedAnswer& other) {
        return other.name == name && other.kind == kind;
    };
    put_into(answers_, std::move(answer), kWaitingAnswers, same);
    keep_caches();
}

std::optional<CachedList> SqliteStore::list(std::string_view url) {
    for (const auto& waiting : lists_)
        if (waiting.url == url) return waiting;
    if (!database_) return std::nullopt;
    auto rows = database_->query("SELECT etag, fetched_usec, checked_usec, body FROM list_cache WHERE url = ?", url);
    if (const auto found = rows.next(); !found || !*found) return std::nullopt;
    return CachedList{std::string(url), rows.text(0), from_usec(rows.natural(1)), from_usec(rows.natural(2)),
                      rows.text(3)};
}

void SqliteStore::put(CachedList list) {
    const auto same = [url = list.url](const CachedList& other) { return other.url == url; };
    put_into(lists_, std::move(list), kMaxLists, same);
    keep_caches();
}

/// No word of a failure: the next save() fails likewise, and tells.
void SqliteStore::keep_caches() {
    if (!database_ || !database_->script("PRAGMA synchronous = NORMAL")) return;
    if (auto transaction = Transaction::begin(*database_); transaction && write_caches() && transaction->commit()) {
        answers_.clear();
        lists_.clear();
    }
    [[maybe_unused]] const auto restored = database_->script("PRAGMA synchronous = FULL");
}

Status SqliteStore::write_caches() {
    for (const auto& item : answers_)
        if (auto done = database_->run("INSERT OR REPLACE INTO dns_cache VALUES (?, ?, ?, ?, ?)", item.name, item.kind,
                                       to_usec(item.asked), to_usec(item.expires), joined(item.answers));
            !done)
            return done;
    for (const auto& item : lists_)
        if (auto done = database_->run("INSERT OR REPLACE INTO list_cache VALUES (?, ?, ?, ?, ?)", item.url, item.etag,
                                       to_usec(item.fetched), to_usec(item.checked), item.body);
            !done)
            return done;
    return {};
}

/// The lists that were asked for longest ago lose their copies where all of them take too much. That they were asked
/// for stays, so that nobody is asked again before the hour is over.
Status SqliteStore::drop_copies(std::uint64_t max_bytes) {
    std::vector<std::string> dropped;
    std::uint64_t kept = 0;
    auto rows = database_->query(
        "SELECT url, length(CAST(body AS BLOB)) FROM list_cache ORDER BY checked_usec DESC, "
        "url");
    for (auto more = rows.next();; more = rows.next()) {
        if (!more) return more.error();
        if (!*more) break;
        const auto bytes = rows.natural(1);
        if (kept + bytes > max_bytes)
            dropped.push_back(rows.text(0));
        else
            kept += bytes;
    }
    for (const auto& url : dropped)
        if (auto done = database_->run("UPDATE list_cache SET etag = '', body = '' WHERE url = ?", url); !done)
            return done;
    return {};
}

Status SqliteStore::prune_caches(std::uint64_t max_size) {
    if (auto done = database_->run("DELETE FROM dns_cache WHERE (name, kind) NOT IN (SELECT name, kind FROM dns_cache "
                                   "ORDER BY asked_usec DESC LIMIT 4096)");
        !done)
        return done;
    if (auto done = database_->run("DELETE FROM list_cache WHERE url NOT IN (SELECT url FROM list_cache ORDER BY "
                                   "checked_usec DESC LIMIT ?)",
                                   std::uint64_t{kMaxLists});
        !done)
        return done;
    return drop_copies(max_size / kListsShare);
}

}  // namespace ntpopt
