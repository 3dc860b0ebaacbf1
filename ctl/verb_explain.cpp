// `ntpoptctl explain`: the decision, step by step.
#include <fmt/format.h>

#include <string_view>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/layout.hpp"
#include "ctl/report_view.hpp"
#include "ctl/server_table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

/// A gate that was passed or failed, with a mark; any other sentence as it is.
std::string sentence_text(const std::string& sentence, const Output& output) {
    const auto text = printable(sentence, 4096);
    const auto marked = [&](std::string_view word, Tone tone, std::string_view mark) {
        const auto shown = output.either(mark, word);
        return output.paint(tone, shown) + wrap_columns(text.substr(word.size()), output.width(), columns_of(shown));
    };
    if (text.starts_with("passed: ")) return marked("passed: ", Tone::good, "\u2713 ");
    if (text.starts_with("failed: ")) return marked("failed: ", Tone::bad, "\u2717 ");
    return wrap_columns(text, output.width(), 0);
}

std::string sentences_of(const Json& explanation, const Output& output) {
    std::string text;
    for (const auto& sentence : get_array(explanation, "sentences"))
        if (sentence.is_string()) text += sentence_text(sentence.get<std::string>(), output) + "\n";
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
    auto text = render_servers(Json::array({get_object(explanation, "server")}), true, output, false);
    if (const auto sentences = sentences_of(explanation, output); !sentences.empty()) text += "\n" + sentences;
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
    if (const auto reason = text_of(round, "reason"); !reason.empty())
        text += fmt::format("          {}\n", wrap_columns(reason, output.width(), 10));
    text += fmt::format("Servers:  {}\n",
                        wrap_columns(joined(get_array(round, "selected"), ", ", "none"), output.width(), 10));
    if (const auto sentences = sentences_of(round, output); !sentences.empty()) text += "\n" + sentences;
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
