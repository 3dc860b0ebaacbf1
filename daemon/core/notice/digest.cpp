// Implementation of digest.hpp.
#include "daemon/core/notice/digest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kInFull = 10;
constexpr std::size_t kWidth = 75;  // so that quoted-printable (RFC 2045 6.7) breaks no line

/// Words in lines of kWidth; what is longer than a line stands alone.
std::string wrapped(std::string_view text, std::string_view indent) {
    std::string out;
    std::string line;
    for (const auto word : words(text)) {
        if (!line.empty() && indent.size() + line.size() + 1 + word.size() > kWidth)
            out += fmt::format("{}{}\n", indent, std::exchange(line, {}));
        line += line.empty() ? "" : " ";
        line += word;
    }
    if (!line.empty()) out += fmt::format("{}{}\n", indent, line);
    return out;
}

/// "Label:   the text, which goes on below itself".
std::string row(std::string_view label, std::string_view text) {
    if (text.empty()) return {};
    auto out = wrapped(text, "           ");
    if (out.empty()) return {};  // blanks only
    const auto head = fmt::format("{:<10} ", fmt::format("{}:", label));
    return head + out.substr(head.size());
}

/// Where we name nobody, whoever the service's configuration names is followed.
std::string servers_text(const std::vector<std::string>& names) {
    return names.empty() ? "the service's own servers" : fmt::format("{}", fmt::join(names, " "));
}

std::string describe(const NoticeEvent& event) {
    const bool undone = event.topic == Topic::rolled_back || event.topic == Topic::degraded;
    auto out = wrapped(event.title, "") + "\n";
    out += row("When", render_time(event.time));
    out += row("Severity", name_of(event.severity));
    if (event.run_id != 0) out += row("Round", std::to_string(event.run_id));
    if (undone || event.topic == Topic::selection_changed) {
        out += row(undone ? "Old" : "Before", servers_text(event.old_servers));
        // A roll-back by hand that failed has no servers of its own.
        if (!undone || !event.new_servers.empty()) out += row(undone ? "New" : "Now", servers_text(event.new_servers));
    } else if (const auto& names = event.topic == Topic::recovered ? event.new_servers : event.old_servers;
               !names.empty()) {
        out += row("In use", servers_text(names));
    }
    out += row("Reason", event.reason);
    if (event.held_back != 0)
        out += row("Also", fmt::format("{} more of the kind since the last notice", event.held_back));
    if (!event.advice.empty()) out += "\nWhat to do:\n" + wrapped(event.advice, "  ");
    return out;
}

/// How many of which kind there are beyond those that are told in full.
std::string counted(const std::vector<NoticeEvent>& events, std::size_t from) {
    std::map<Topic, std::size_t> counts;
    for (std::size_t i = from; i < events.size(); ++i)
        ++counts[events[i].topic];
    auto out = fmt::format("And {} more, until {}:\n", events.size() - from, render_time(events.back().time));
    for (const auto& [topic, count] : counts)
        out += fmt::format("  {:>5}  {}\n", count, name_of(topic));
    return out;
}

}  // namespace

Notice make_notice(std::string id, std::string host, std::vector<NoticeEvent> events, std::uint64_t lost,
                   RealTime now) {
    Notice notice{
        .id = std::move(id), .host = printable(host, 255), .time = now, .events = std::move(events), .lost = lost};
    const auto worst = std::max_element(notice.events.begin(), notice.events.end(),
                                        [](const auto& a, const auto& b) { return a.severity < b.severity; });
    notice.severity = worst->severity;
    const auto more = notice.events.size() - 1;
    notice.subject = fmt::format("[ntpopt {}] {}: {}{}", notice.host, name_of(notice.severity),
                                 printable(worst->title, 120), more == 0 ? "" : fmt::format(" (and {} more)", more));
    if (more > 0) notice.text += fmt::format("{} events on {}.\n\n", more + 1, notice.host);
    const auto full = std::min(kInFull, notice.events.size());
    for (std::size_t i = 0; i < full; ++i)
        notice.text += describe(notice.events[i]) + "\n";
    if (full < notice.events.size()) {
        notice.text += counted(notice.events, full) + "\nThe last of them:\n\n" + describe(notice.events.back()) + "\n";
    }
    if (lost != 0)
        notice.text += fmt::format("{} older events could not be told in time and are in the journal only.\n\n", lost);
    notice.text += fmt::format("-- \nntpopt on {}\n", notice.host);
    return notice;
}

}  // namespace ntpopt
