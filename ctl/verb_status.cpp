// `ntpoptctl status`: how the clock is kept, in a few lines.
#include <fmt/format.h>

#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

std::string headline(const Json& status, const Output& output) {
    const auto confidence = text_of(status, "confidence");
    if (!get_bool(status, "synchronised"))
        return output.paint(Tone::bad, "Not synchronised") + fmt::format(", confidence {}\n", confidence);
    const auto& selected = get_array(status, "selected");
    const auto peer = text_of(status, "peer");
    std::string to = peer;
    if (to.empty() && !selected.empty()) to = joined(Json::array({selected.front()}), "");
    if (to.empty())
        to = "the service's own servers";
    else if (peer.empty() && selected.size() > 1)
        to += fmt::format(" and {} other{}", selected.size() - 1, selected.size() > 2 ? "s" : "");
    std::string text = output.paint(Tone::good, "Synchronised") + " to " + to;
    if (const auto bound = get_number(status, "clock_error_bound_ms"))
        text += ", clock error at most " + span_of_ms(*bound);
    return text + ", confidence " + confidence + "\n";
}

std::string service_line(const Json& service) {
    auto text = text_of(service, "name");
    if (text.empty() || text == "none") return "none found";
    if (const auto version = text_of(service, "version"); !version.empty()) text += " " + version;
    if (const auto unit = text_of(service, "unit"); !unit.empty()) text += fmt::format(" ({})", unit);
    return text + (get_bool(service, "active") ? ", active" : ", not active");
}

std::string render(const Json& status, const Output& output, const RealTime* now) {
    auto text = headline(status, output);
    const auto add = [&](std::string_view name, const std::string& value) {
        text += fmt::format("{} {}\n", output.paint(Tone::heading, fmt::format("{:>10}:", name)), value);
    };
    add("Service", service_line(get_object(status, "service")));
    add("Servers", joined(get_array(status, "selected"), "\n            ", "none chosen yet"));
    const auto& run = get_object(status, "last_run");
    if (run.empty()) {
        add("Last round", "none yet");
    } else {
        const auto outcome = text_of(run, "outcome");
        add("Last round", fmt::format("{}, took {}: {}", time_of(run, "timestamp", now), seconds_of(run, "duration_s"),
                                      output.paint(tone_of_outcome(outcome), outcome)));
        if (const auto reason = text_of(run, "reason"); !reason.empty()) text += "            " + reason + "\n";
    }
    const auto interval = get_number(status, "interval_s");
    auto next = time_of(status, "next_run", now);
    if (next.empty()) next = "none planned";
    add("Next round", interval ? fmt::format("{}, every {}", next, render_duration(from_seconds(*interval))) : next);
    add("Mode", text_of(status, "mode"));
    if (const auto state = text_of(status, "state"); state != "idle") add("State", output.paint(Tone::caution, state));
    for (const auto& alarm : get_array(status, "alarms"))
        add("Alarm", output.paint(Tone::bad, joined(Json::array({alarm}), "")));
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
    // Relative times are for people; a script gets the same bytes for the same state.
    const RealTime now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    session.output.text(render(*status, session.output, session.output.is_terminal() ? &now : nullptr));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
