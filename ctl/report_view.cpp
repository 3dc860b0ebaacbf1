// Implementation of report_view.hpp.
#include "ctl/report_view.hpp"

#include <fmt/format.h>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/layout.hpp"
#include "ctl/server_table.hpp"

namespace ntpopt::ctl {

Tone tone_of_outcome(std::string_view outcome) {
    if (outcome == "applied" || outcome == "unchanged" || outcome == "would_apply") return Tone::good;
    if (outcome == "degraded" || outcome == "failed") return Tone::bad;
    return Tone::caution;
}

ExitCode exit_code_of_outcome(std::string_view outcome) {
    if (outcome == "applied" || outcome == "unchanged" || outcome == "would_apply") return ExitCode::success;
    if (outcome == "no_consensus" || outcome == "no_usable_servers") return ExitCode::nothing_usable;
    if (outcome == "rolled_back") return ExitCode::rolled_back;
    return ExitCode::failure;
}

std::string render_diff(const std::string& diff, const Output& output) {
    std::string text;
    for (const auto line : lines(diff)) {
        auto tone = Tone::plain;
        if (line.starts_with("+++") || line.starts_with("---"))
            tone = Tone::heading;
        else if (line.starts_with('+'))
            tone = Tone::good;
        else if (line.starts_with('-'))
            tone = Tone::bad;
        text += output.paint(tone, printable(line, 4096)) + "\n";
    }
    return text;
}

namespace {

/// What would be done, in order, and what would decide whether it stays.
std::string render_plan(const Json& plan, const Output& output) {
    std::string text;
    const auto list = [&](std::string_view heading, std::string_view key, Tone tone, bool numbered) {
        const auto& items = get_array(plan, key);
        if (items.empty()) return;
        text += fmt::format("\n{}\n", output.paint(tone, heading));
        int number = 0;
        for (const auto& item : items) {
            const auto mark = fmt::format("  {} ", numbered ? fmt::format("{}.", ++number) : "-");
            text += mark + wrap_columns(joined(Json::array({item}), ""), output.width(), mark.size()) + "\n";
        }
    };
    list("Would do:", "steps", Tone::heading, true);
    list("Would stay only if:", "verify", Tone::heading, false);
    list("Would be refused:", "refusals", Tone::caution, false);
    return text;
}

}  // namespace

std::string render_report(const Json& report, const Output& output) {
    const auto outcome = text_of(report, "outcome");
    auto text = render_servers(get_array(report, "servers"), false, output);
    text += fmt::format("\n{} {}, confidence {}, took {}\n", output.paint(Tone::heading, "Decision:"),
                        output.paint(tone_of_outcome(outcome), outcome), text_of(report, "confidence"),
                        seconds_of(report, "duration_s"));
    if (const auto reason = text_of(report, "reason"); !reason.empty())
        text += fmt::format("          {}\n", wrap_columns(reason, output.width(), 10));
    const auto names = [&](std::string_view key) {
        return wrap_columns(joined(get_array(report, key), ", ", "none"), output.width(), 10);
    };
    text += fmt::format("Servers:  {}\n", names("selected"));
    if (get_array(report, "previous") != get_array(report, "selected"))
        text += fmt::format("Before:   {}\n", names("previous"));
    for (const auto& stage : get_array(report, "stages"))
        if (!get_bool(stage, "ok", true))
            text += fmt::format("{} {}: {}\n", output.paint(Tone::caution, "Trouble: "), text_of(stage, "stage"),
                                text_of(stage, "detail"));
    if (outcome == "would_apply") text += render_plan(get_object(report, "plan"), output);
    const auto diff = get_string(report, "diff");
    if (outcome == "would_apply" && !diff.empty())
        text += fmt::format("\n{}\n{}", output.paint(Tone::heading, "Would change:"), render_diff(diff, output));
    return text;
}

}  // namespace ntpopt::ctl
