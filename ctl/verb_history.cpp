// `ntpoptctl history`: rounds of the past, or one server's trend; as text, CSV, JSON or a trace for the replay.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/server_table.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"

namespace ntpopt::ctl {
namespace {

/// The daemon's own limit; without --limit a query of time has none.
constexpr std::size_t kMostOfOneAnswer = 1000;

/// The form in which the daemon is asked for rounds.
enum class Form {
    brief,  ///< without servers
    json,   ///< "line": the whole round as JSON
    trace,  ///< "line": for the replay
};

std::string_view key_of(Form form) {
    return form == Form::brief ? "brief" : form == Form::json ? "json" : "trace";
}

/// Rounds as the daemon sent them, page by page, the oldest first.
using Pages = std::vector<Json>;

/// One answer of the daemon is bounded, so that it stays small: what is older than the first round of an answer is
/// asked for in the next.
Result<Pages> fetch(Session& session, Form form) {
    const auto& options = session.options;
    Json query{{std::string(key_of(form)), true}};
    if (!options.server.empty()) query["server"] = options.server;
    if (options.since) {
        const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
        query["since_usec"] = to_usec(now - *options.since);
    }
    // Whoever names a time wants all of it.
    const bool paged = form != Form::trace;
    auto wanted = options.limit != 0 ? std::size_t{options.limit} : options.since ? SIZE_MAX : kMostOfOneAnswer;
    Pages pages;
    while (wanted > 0) {
        query["limit"] = std::min(wanted, kMostOfOneAnswer);
        auto page = session.manager.rows("GetHistory", wire::Dict(query));
        if (!page) return page.error();
        if (page->empty()) break;
        wanted -= std::min(wanted, page->size());
        const auto time = parse_time(get_string(page->front(), "timestamp"));
        pages.push_back(*std::move(page));
        if (!time || !paged) break;
        query["until_usec"] = to_usec(*time);
    }
    std::reverse(pages.begin(), pages.end());
    return pages;
}

template <typename Take>
void for_each_row(const Pages& pages, Take take) {
    for (const auto& page : pages)
        for (const auto& row : page)
            take(row);
}

/// The lines of rounds, each one document; what is none is left out.
std::vector<Json> documents_of(const Pages& pages) {
    std::vector<Json> rounds;
    for_each_row(pages, [&](const Json& row) {
        auto round = parse_json(get_string(row, "line"));
        if (round && round->is_object()) rounds.push_back(*std::move(round));
    });
    return rounds;
}

/// Calls back with the line of JSON that each row is. It is not parsed, which would take longer than all the rest,
/// unless a byte of it could do something to a terminal.
template <typename Callback>
void for_each_line(const Pages& pages, Callback callback) {
    const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F; };
    for_each_row(pages, [&](const Json& row) {
        const auto line = row.find("line");
        if (line == row.end() || !line->is_string()) return;
        const auto& text = line->get_ref<const std::string&>();
        if (std::all_of(text.begin(), text.end(), is_plain)) return callback(text);
        if (const auto document = parse_json(text)) callback(ascii_json(*document));
    });
}

/// The rounds as one document.
std::string render_json_lines(const Pages& pages) {
    std::string text = "[";
    for_each_line(pages, [&](const std::string& round) { text.append(text.size() > 1 ? "," : "").append(round); });
    return text + "]";
}

std::size_t height(double score) {
    return static_cast<std::size_t>(std::clamp(score / 100 * 7.999, 0.0, 7.0));
}

/// Scores from 0 to 100 as bars of eight heights; a round without a score is a blank.
std::string sparkline(const std::vector<std::optional<double>>& scores, const Output& output) {
    static constexpr std::array<const char*, 8> kBars{"\u2581", "\u2582", "\u2583", "\u2584",
                                                      "\u2585", "\u2586", "\u2587", "\u2588"};
    static constexpr std::array<const char*, 8> kPlain{"_", ".", ",", "-", "=", "+", "*", "#"};
    std::string text;
    for (const auto& score : scores)
        text += score ? output.either(kBars[height(*score)], kPlain[height(*score)]) : " ";
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// The sparkline below a table, in a terminal: as many of the newest as there is room for.
std::string render_sparkline(std::vector<std::optional<double>> scores, const Output& output) {
    if (!output.is_terminal()) return "";
    const auto room = std::max<std::size_t>(output.width(), 20) - 8;
    if (scores.size() > room) scores.erase(scores.begin(), scores.end() - static_cast<std::ptrdiff_t>(room));
    return "\nscore  " + sparkline(scores, output) + "\n";
}

std::string render_rounds(const Pages& pages, const Output& output) {
    Table table({{"TIME"},
                 {"OUTCOME"},
                 {"CONFIDENCE", Align::left, false, 1},
                 {"ASKED", Align::right, false, 2},
                 {"SCORE", Align::right},
                 {"SERVERS", Align::left, true}});
    std::vector<std::optional<double>> scores;
    for_each_row(pages, [&](const Json& round) {
        const auto outcome = text_of(round, "outcome");
        scores.push_back(get_number(round, "score"));
        table.add({{time_of(round, "timestamp", nullptr), Tone::plain, brief_time_of(round, "timestamp")},
                   {outcome, tone_of_outcome(outcome)},
                   {text_of(round, "confidence")},
                   {number_of(round, "asked", 0)},
                   {number_of(round, "score", 1)},
                   {joined(get_array(round, "selected"), " ", "none")}});
    });
    if (table.is_empty()) return "No rounds in that time.\n";
    return table.render(output) + render_sparkline(std::move(scores), output);
}

std::string render_trend(const std::vector<Json>& rounds, const Output& output) {
    Table table({{"TIME"},
                 {"OFFSET(ms)", Align::right},
                 {"JITTER(ms)", Align::right, false, 1},
                 {"STRATUM", Align::right, false, 3},
                 {"REACH(%)", Align::right, false, 2},
                 {"SCORE", Align::right},
                 {"VERDICT", Align::left, true}});
    std::vector<std::optional<double>> scores;
    for (const auto& round : rounds) {
        for (const auto& server : get_array(round, "servers")) {
            const auto verdict = text_of(server, "verdict");
            scores.push_back(get_number(server, "score"));
            table.add({{time_of(round, "timestamp", nullptr), Tone::plain, brief_time_of(round, "timestamp")},
                       {number_of(server, "offset", 3, true)},
                       {number_of(server, "jitter", 3)},
                       {number_of(server, "stratum", 0)},
                       {reach_of(server).text},
                       {number_of(server, "score", 1)},
                       {verdict, tone_of_verdict(verdict)}});
        }
    }
    if (table.is_empty()) return "That server was not seen in that time.\n";
    return table.render(output) + render_sparkline(std::move(scores), output);
}

/// RFC 4180: a field with a comma, quote or line end stands in quotes.
std::string csv_field(std::string text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '"');
    return '"' + text + '"';
}

std::string render_csv(const std::vector<Json>& rounds) {
    static constexpr std::array<const char*, 10> kColumns{"hostname", "address", "offset",       "jitter", "delay_ms",
                                                          "error_ms", "stratum", "reachability", "score",  "verdict"};
    std::string text = "timestamp,region";
    for (const auto* column : kColumns)
        text += fmt::format(",{}", column);
    text += "\n";
    for (const auto& round : rounds) {
        for (const auto& server : get_array(round, "servers")) {
            text += csv_field(text_of(round, "timestamp")) + "," + csv_field(text_of(round, "region"));
            for (const auto* column : kColumns) {
                const auto found = server.find(column);
                const bool number = found != server.end() && found->is_number();
                text += "," + csv_field(number ? render_json(*found) : text_of(server, column));
            }
            text += "\n";
        }
    }
    return text;
}

std::string render_trace(const Pages& pages) {
    std::string text;
    for_each_line(pages, [&](const std::string& round) { text.append(round).append("\n"); });
    return text;
}

}  // namespace

ExitCode show_history(Session& session) {
    const auto& options = session.options;
    const auto& output = session.output;
    const bool overview = options.server.empty() && !options.csv && !output.wants_json();
    const auto pages = fetch(session, options.trace ? Form::trace : overview ? Form::brief : Form::json);
    if (!pages) return fail(session, pages.error());
    if (options.trace)
        output.text(render_trace(*pages));
    else if (output.wants_json())
        output.line(render_json_lines(*pages));
    else if (options.csv)
        output.text(render_csv(documents_of(*pages)));
    else
        output.text(overview ? render_rounds(*pages, output) : render_trend(documents_of(*pages), output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
