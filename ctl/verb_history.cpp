// `ntpoptctl history`: rounds of the past, or one server's trend; as text, CSV, JSON or a trace for the replay.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/server_table.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

wire::Dict query_of(const Options& options) {
    Json query = Json::object();
    if (!options.server.empty()) query["server"] = options.server;
    if (options.since) {
        const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
        query["since_usec"] = to_usec(now - *options.since);
    }
    if (options.limit != 0) query["limit"] = options.limit;
    if (options.trace) query["trace"] = true;
    return wire::Dict(std::move(query));
}

std::string chosen_in(const Json& round) {
    Json names = Json::array();
    for (const auto& server : get_array(round, "servers"))
        if (get_string(server, "verdict") == "chosen") names.push_back(get_string(server, "hostname"));
    return joined(names, " ", "none");
}

std::string render_rounds(const Json& rounds, const Output& output) {
    Table table({{"TIME"}, {"OUTCOME"}, {"ASKED", Align::right}, {"CHOSEN", Align::left, true}});
    for (const auto& round : rounds) {
        const auto outcome = text_of(round, "outcome");
        table.add({{time_of(round, "timestamp", nullptr)},
                   {outcome, tone_of_outcome(outcome)},
                   {std::to_string(get_array(round, "servers").size())},
                   {chosen_in(round)}});
    }
    return table.is_empty() ? "No rounds in that time.\n" : table.render(output);
}

/// Scores from 0 to 100 as bars of eight heights; a round without a score is a blank.
std::string sparkline(const std::vector<std::optional<double>>& scores) {
    static constexpr std::array<const char*, 8> kBars{"\u2581", "\u2582", "\u2583", "\u2584",
                                                      "\u2585", "\u2586", "\u2587", "\u2588"};
    std::string text;
    for (const auto& score : scores)
        text += score ? kBars[static_cast<std::size_t>(std::clamp(*score / 100 * 7.999, 0.0, 7.0))] : " ";
    return text;
}

std::string render_trend(const Json& rounds, const Output& output) {
    Table table({{"TIME"},
                 {"OFFSET(ms)", Align::right},
                 {"JITTER(ms)", Align::right},
                 {"STRATUM", Align::right},
                 {"REACH(%)", Align::right},
                 {"SCORE", Align::right},
                 {"VERDICT", Align::left, true}});
    std::vector<std::optional<double>> scores;
    for (const auto& round : rounds) {
        for (const auto& server : get_array(round, "servers")) {
            const auto verdict = text_of(server, "verdict");
            scores.push_back(get_number(server, "score"));
            table.add({{time_of(round, "timestamp", nullptr)},
                       {number_of(server, "offset", 3, true)},
                       {number_of(server, "jitter", 3)},
                       {number_of(server, "stratum", 0)},
                       {number_of(server, "reachability", 0)},
                       {number_of(server, "score", 1)},
                       {verdict, tone_of_verdict(verdict)}});
        }
    }
    if (table.is_empty()) return "That server was not seen in that time.\n";
    auto text = table.render(output);
    if (!output.is_terminal()) return text;
    const auto room = std::max<std::size_t>(output.width(), 20) - 8;
    if (scores.size() > room) scores.erase(scores.begin(), scores.end() - static_cast<std::ptrdiff_t>(room));
    return text + "\nscore  " + sparkline(scores) + "\n";
}

/// RFC 4180: a field with a comma, quote or line end stands in quotes.
std::string csv_field(std::string text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '"');
    return '"' + text + '"';
}

std::string render_csv(const Json& rounds) {
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

std::string render_trace(const Json& rounds) {
    std::string text;
    for (const auto& round : rounds)
        text += get_string(round, "line") + "\n";
    return text;
}

}  // namespace

ExitCode show_history(Session& session) {
    const auto& [options, output, bus, manager] = session;
    const auto rounds = session.manager.rows("GetHistory", query_of(options));
    if (!rounds) return fail(session, rounds.error());
    if (options.trace)
        output.text(render_trace(*rounds));
    else if (output.wants_json())
        output.json(documents::shape_list(*rounds, documents::history_entry()));
    else if (options.csv)
        output.text(render_csv(*rounds));
    else
        output.text(options.server.empty() ? render_rounds(*rounds, output) : render_trend(*rounds, output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
