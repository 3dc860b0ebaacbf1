// Implementation of history_rows.hpp.
#include "daemon/app/history_rows.hpp"

#include <utility>
#include <vector>

namespace ntpopt {
namespace {

/// What an answer may hold of rounds as they are stored: sent as dictionaries they take five times as much. Whoever
/// wants more asks again with `until_usec` at the first round of this answer; the bus would cut off a daemon that sends
/// it all at once.
constexpr std::size_t kMaxAnswer = 1024 * 1024;

Result<Json> row_of(Archive& archive, std::uint64_t run_id, const HistoryQuery& query) {
    const auto round = archive.round(run_id);
    if (!round) return round.error();
    if (query.brief) return brief_history_entry(*round);
    auto line = render_history_entry(*round, query.server ? std::optional(query.server->text()) : std::nullopt);
    if (!line) return line.error();
    if (query.json) return Json{{"timestamp", render_time(from_usec(round->started_usec))}, {"line", *std::move(line)}};
    return parse_json(*line, SIZE_MAX);
}

}  // namespace

Result<HistoryRows> history_rows(Archive& archive, const HistoryQuery& query) {
    auto rounds = archive.find({.server = query.server ? query.server->text() : std::string(),
                                .since_usec = query.since_usec,
                                .until_usec = query.until_usec,
                                .limit = query.limit,
                                .bytes = query.brief ? SIZE_MAX : kMaxAnswer});
    if (!rounds) return rounds.error();
    return HistoryRows(
        [&archive, query, rounds = *std::move(rounds), at = std::size_t{0}]() mutable -> std::optional<Json> {
            // A round that cannot be read is left out: a damaged page must not hide the rest.
            while (at < rounds.size())
                if (auto row = row_of(archive, rounds[at++], query)) return *std::move(row);
            return std::nullopt;
        });
}

}  // namespace ntpopt
