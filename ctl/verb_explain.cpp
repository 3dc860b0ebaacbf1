// `ntpoptctl explain`: the decision, step by step.
#include <fmt/format.h>

#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/server_table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

std::string render(const Json& explanation, const Output& output) {
    std::string text;
    if (const auto title = text_of(explanation, "title"); !title.empty())
        text += output.paint(Tone::heading, title) + "\n";
    if (const auto outcome = text_of(explanation, "outcome"); !outcome.empty())
        text += fmt::format("{}, confidence {}\n", output.paint(tone_of_outcome(outcome), outcome),
                            text_of(explanation, "confidence"));
    if (const auto reason = text_of(explanation, "reason"); !reason.empty()) text += reason + "\n";
    const auto& server = get_object(explanation, "server");
    if (!server.empty()) text += "\n" + render_servers(Json::array({server}), true, output);
    const auto& parts = get_object(server, "score_parts");
    if (!parts.empty())
        text += fmt::format("score: jitter {}, reachability {}, stratum {}, latency {}{}\n",
                            number_of(parts, "jitter", 1), number_of(parts, "reachability", 1),
                            number_of(parts, "stratum", 1), number_of(parts, "latency", 1),
                            get_bool(parts, "regional_bonus") ? ", with the regional bonus" : "");
    const auto& steps = get_array(explanation, "steps");
    if (!steps.empty()) text += "\n";
    for (const auto& step : steps) {
        const bool passed = get_bool(step, "passed");
        text += fmt::format("{} {}: {}\n", output.paint(passed ? Tone::good : Tone::bad, passed ? "[ok]" : "[no]"),
                            text_of(step, "name"), text_of(step, "detail"));
    }
    if (const auto changes = joined(get_array(explanation, "changes"), "\n  "); !changes.empty())
        text += fmt::format("\n{}\n  {}\n", output.paint(Tone::heading, "To be chosen:"), changes);
    return text;
}

}  // namespace

ExitCode explain(Session& session) {
    const auto explanation = session.manager.dict("Explain", session.options.server);
    if (!explanation) return fail(session, explanation.error());
    if (session.output.wants_json())
        session.output.json(documents::shape(*explanation, documents::explanation()));
    else
        session.output.text(render(*explanation, session.output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
