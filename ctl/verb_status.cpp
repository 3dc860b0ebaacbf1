// `ntpoptctl status`: how the clock is kept, in a few lines.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/layout.hpp"
#include "ctl/report_view.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

constexpr std::size_t kMargin = 13;

/// Each line painted by itself, so that the blanks before it are not.
std::string paint_lines(const Output& output, Tone tone, std::string_view text) {
    std::string painted;
    for (const auto line : lines(text)) {
        const auto begin = std::min(line.find_first_not_of(' '), line.size());
        painted +=
            (painted.empty() ? "" : "\n") + std::string(line.substr(0, begin)) + output.paint(tone, line.substr(begin));
    }
    return painted;
}

/// What the whole is about, in words; the first of them has a colour.
std::string headline(const Json& status, const Output& output) {
    const auto confidence = text_of(status, "confidence");
    const bool synchronised = get_bool(status, "synchronised");
    std::string first = synchronised ? "Synchronised" : "Not synchronised";
    std::string rest;
    if (synchronised) {
        const auto& selected = get_array(status, "selected");
        const auto peer = text_of(status, "peer");
        std::string to = peer;
        if (to.empty() && !selected.empty()) to = joined(Json::array({selected.front()}), "");
        if (to.empty())
            to = "the service's own servers";
        else if (peer.empty() && selected.size() > 1)
            to += fmt::format(" and {} other{}", selected.size() - 1, selected.size() > 2 ? "s" : "");
        rest = " to " + to;
        if (const auto bound = get_number(status, "clock_error_bound_ms"))
            rest += ", clock error at most " + span_of_ms(*bound);
    }
    const auto whole = wrap_columns(first + rest + ", confidence " + confidence, output.width(), 2);
    return output.paint(synchronised ? Tone::good : Tone::bad, first) + whole.substr(first.size()) + "\n";
}

std::string service_line(const Json& service) {
    auto text = text_of(service, "name");
    if (text.empty() || text == "none") return "none found";
    if (const auto version = text_of(service, "version"); !version.empty()) text += " " + version;
    if (const auto unit = text_of(service, "unit"); !unit.empty()) text += fmt::format(" ({})", unit);
    return text + (get_bool(service, "active") ? ", active" : ", not active");
}

/// A light before the headline, as systemctl has: well, doubtful, bad.
std::string light(const Json& status, const Output& output) {
    const auto confidence = get_string(status, "confidence");
    if (!get_bool(status, "synchronised")) return output.paint(Tone::bad, output.either("\u00d7", "x"));
    if (!get_array(status, "alarms").empty() || confidence == "low" || confidence == "none")
        return output.paint(Tone::caution, output.either("\u25cf", "!"));
    return output.paint(Tone::good, output.either("\u25cf", "*"));
}

/// The chosen servers, with what the last round measured of those that it saw.
std::string server_lines(const Json& selected, const Json& measured, const Output& output) {
    Table table({{"name", Align::left, true},
                 {"offset", Align::right, false, 1},
                 {"delay", Align::right, false, 2},
                 {"stratum", Align::left, false, 4},
                 {"score", Align::left, false, 3}});
    for (const auto& name : selected) {
        if (!name.is_string()) continue;
        const auto found = std::find_if(measured.begin(), measured.end(), [&](const Json& server) {
            return get_string(server, "name") == name.get<std::string>();
        });
        std::vector<Cell> row{{joined(Json::array({name}), ""), Tone::heading}};
        if (found != measured.end()) {
            const auto figure = [&](std::string_view key, std::string_view before, int decimals,
                                    std::string_view unit) {
                const auto number = number_of(*found, key, decimals, key == "offset_ms");
                return number == "-" ? std::string() : fmt::format("{}{}{}", before, number, unit);
            };
            row.push_back({figure("offset_ms", "", 3, " ms")});
            row.push_back({figure("delay_ms", "delay ", 2, " ms")});
            row.push_back({figure("stratum", "stratum ", 0, "")});
            row.push_back({figure("score", "score ", 1, "")});
        }
        table.add(std::move(row));
    }
    return table.is_empty() ? "none chosen yet\n" : table.render(output, kMargin, false);
}

std::string render(const Json& status, const Json& servers, const Output& output, const RealTime* now) {
    const auto width = output.width();
    auto text = light(status, output) + " " + headline(status, output);
    const auto add = [&](std::string_view name, const std::string& value) {
        text += fmt::format("{} {}\n", output.paint(Tone::heading, fmt::format("{:>11}:", name)), value);
    };
    const auto add_wrapped = [&](std::string_view name, const std::string& value) {
        add(name, wrap_columns(value, width, kMargin));
    };
    add_wrapped("Service", service_line(get_object(status, "service")));
    if (const auto offset = get_number(status, "offset_ms"); offset && get_bool(status, "synchronised"))
        add_wrapped("Offset",
                    fmt::format("{}{}, as the service sees it", *offset >= 0 ? "+" : "", span_of_ms(*offset)));
    text += output.paint(Tone::heading, fmt::format("{:>11}:", "Servers")) + " " +
            server_lines(get_array(status, "selected"), servers, output);
    const auto& run = get_object(status, "last_run");
    if (run.empty()) {
        add("Last round", "none yet");
    } else {
        const auto outcome = text_of(run, "outcome");
        add_wrapped("Last round", time_of(run, "timestamp", now));
        text += fmt::format("{}{} in {}\n", std::string(kMargin, ' '), output.paint(tone_of_outcome(outcome), outcome),
                            seconds_of(run, "duration_s"));
        if (const auto reason = text_of(run, "reason"); !reason.empty())
            text += std::string(kMargin, ' ') + wrap_columns(reason, width, kMargin) + "\n";
    }
    const auto interval = get_number(status, "interval_s");
    auto next = time_of(status, "next_run", now);
    if (next.empty()) next = "none planned";
    add_wrapped("Next round",
                interval ? fmt::format("{}, every {}", next, render_duration(from_seconds(*interval))) : next);
    const auto mode = text_of(status, "mode");
    add_wrapped("Mode", mode == "observe" ? mode + ": measures and recommends, changes nothing" : mode);
    if (const auto state = text_of(status, "state"); state != "idle") add("State", output.paint(Tone::caution, state));
    for (const auto& alarm : get_array(status, "alarms"))
        add("Alarm", paint_lines(output, Tone::bad, wrap_columns(joined(Json::array({alarm}), ""), width, kMargin)));
    return text;
}

}  // namespace

ExitCode show_status(Session& session) {
    const auto status = session.manager.dict("GetStatus");
    if (!status) return fail(session, status.error());
    if (session.output.wants_json()) {
        auto document = documents::shape(*status, documents::status());
        session.output.json(document);
        return ExitCode::success;
    }
    // A daemon that tells of its status tells of its servers; where it does not, their names are enough.
    const auto servers = session.manager.rows("ListServers");
    // Relative times are for people; a script gets the same bytes for the same state.
    const auto now = present();
    session.output.text(render(*status, servers ? *servers : Json::array(), session.output,
                               session.output.is_terminal() ? &now : nullptr));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
