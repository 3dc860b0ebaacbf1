// Implementation of server_table.hpp.
#include "ctl/server_table.hpp"

#include <fmt/format.h>

#include "ctl/format.hpp"
#include "ctl/table.hpp"

namespace ntpopt::ctl {
namespace {

bool was_asked(const Json& server) {
    const auto verdict = get_string(server, "verdict");
    return verdict != "not_probed" && verdict != "unresolved";
}

Cell why(const Json& server) {
    const auto verdict = text_of(server, "verdict");
    const auto reason = text_of(server, "reason");
    if (verdict == "chosen") return {verdict, Tone::good};
    return {reason.empty() ? verdict : verdict + ": " + reason, tone_of_verdict(verdict), verdict};
}

}  // namespace

Cell reach_of(const Json& server) {
    // A pool is not asked by its name; its members are.
    if (get_bool(server, "pool") && get_string(server, "address").empty()) return {"-"};
    if (get_number(server, "answered") == 0.0) return {"0", Tone::bad};
    const auto reach = get_number(server, "reachability");
    const auto tone = !reach || *reach >= 99.5 ? Tone::plain : *reach < 50 ? Tone::bad : Tone::caution;
    return {number_of(server, "reachability", 0), tone};
}

Tone tone_of_verdict(std::string_view verdict) {
    if (verdict == "chosen") return Tone::good;
    for (const auto* lie : {"falseticker", "convicted", "kiss_of_death", "bad_reply", "banned", "blacklisted", "loop"})
        if (verdict == lie) return Tone::bad;
    for (const auto* mild : {"reserve", "same_group", "same_upstream", "not_probed"})
        if (verdict == mild) return Tone::quiet;
    return Tone::caution;
}

std::string render_servers(const Json& servers, bool all, const Output& output, bool hint) {
    Table table({{"RANK", Align::right},
                 {"SERVER", Align::left, true},
                 {"OFFSET(ms)", Align::right},
                 {"DELAY(ms)", Align::right, false, 2},
                 {"JITTER(ms)", Align::right, false, 1},
                 {"STRATUM", Align::right, false, 4},
                 {"REACH(%)", Align::right, false, 3},
                 {"SCORE", Align::right},
                 {"VERDICT", Align::left, true}});
    std::size_t hidden = 0;
    for (const auto& server : servers) {
        if (!all && !was_asked(server)) {
            ++hidden;
            continue;
        }
        const bool chosen = get_string(server, "verdict") == "chosen";
        table.add({{number_of(server, "rank", 0)},
                   {text_of(server, "name"), chosen ? Tone::heading : Tone::plain},
                   {number_of(server, "offset_ms", 3, true)},
                   {number_of(server, "delay_ms", 3)},
                   {number_of(server, "jitter_ms", 3)},
                   {number_of(server, "stratum", 0)},
                   reach_of(server),
                   {number_of(server, "score", 1)},
                   why(server)});
    }
    std::string text = table.is_empty() ? std::string("No server was asked yet.\n") : table.render(output);
    if (hidden > 0)
        text += output.paint(Tone::quiet, fmt::format("{} more not asked (--all shows them)", hidden)) + "\n";
    if (hint && table.is_brief(output))
        text += output.paint(Tone::quiet, "'ntpoptctl explain SERVER' tells why") + "\n";
    return text;
}

}  // namespace ntpopt::ctl
