// `ntpoptctl explain`: the decision, step by step.
#include <fmt/format.h>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/server_table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

std::string sentences_of(const Json& explanation) {
    std::string text;
    for (const auto& sentence : get_array(explanation, "sentences"))
        if (sentence.is_string()) text += printable(sentence.get<std::string>(), 4096) + "\n";
    return text;
}

std::string counterfactual(const Json& one) {
    const auto unit = text_of(one, "unit");
    const auto value = [&](std::string_view key) {
        const auto number = get_number(one, key);
        return number ? fmt::format("{:g}{}{}", *number, unit.empty() || unit == "%" ? "" : " ", unit) : "-";
    };
    return fmt::format("  {} of {} or better (now {})\n", text_of(one, "figure"), value("value"), value("actual"));
}

std::string render_server(const Json& explanation, const Output& output) {
    auto text = render_servers(Json::array({get_object(explanation, "server")}), true, output);
    if (const auto sentences = sentences_of(explanation); !sentences.empty()) text += "\n" + sentences;
    const auto& counterfactuals = get_array(explanation, "counterfactuals");
    if (counterfactuals.empty()) return text;
    text += fmt::format("\n{}\n", output.paint(Tone::heading, "Any one of these would have it chosen:"));
    for (const auto& one : counterfactuals)
        text += counterfactual(one);
    return text;
}

std::string render_round(const Json& round, const Output& output) {
    const auto outcome = text_of(round, "outcome");
    auto text = fmt::format("{} {}, confidence {}\n", output.paint(Tone::heading, "Decision:"),
                            output.paint(tone_of_outcome(outcome), outcome), text_of(round, "confidence"));
    if (const auto reason = text_of(round, "reason"); !reason.empty()) text += fmt::format("          {}\n", reason);
    text += fmt::format("Servers:  {}\n", joined(get_array(round, "selected"), ", ", "none"));
    if (const auto sentences = sentences_of(round); !sentences.empty()) text += "\n" + sentences;
    return text;
}

}  // namespace

ExitCode explain(Session& session) {
    const auto explanation = session.manager.dict("Explain", session.options.server);
    if (!explanation) return fail(session, explanation.error());
    const bool of_server = !session.options.server.empty();
    const auto& keys = of_server ? documents::server_explanation() : documents::round_explanation();
    if (session.output.wants_json())
        session.output.json(documents::shape(*explanation, keys));
    else
        session.output.text(of_server ? render_server(*explanation, session.output)
                                      : render_round(*explanation, session.output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
