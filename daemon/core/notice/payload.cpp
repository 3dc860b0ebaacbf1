// Implementation of payload.hpp.
#include "daemon/core/notice/payload.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ntpopt {
namespace {

constexpr std::size_t kWebhookEvents = 100;
constexpr std::size_t kSlackText = 3000;
constexpr std::size_t kDiscordText = 1900;  // of 2,000, with the subject's line counted and room for the fences

/// Slack's control characters; all other markup is switched off by "mrkdwn": false.
std::string for_slack(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else
            out += c;
    }
    return out;
}

/// In whole lines, as many as fit.
std::string cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return std::string(text);
    auto end = text.substr(0, limit).rfind('\n');
    if (end == std::string_view::npos) end = limit;
    return std::string(text.substr(0, end)) + "\n...\n";
}

}  // namespace

std::string render_slack(const Notice& notice) {
    const auto text = fmt::format("{}\n\n{}", notice.subject, cut(notice.text, kSlackText));
    return render_json(Json{{"text", for_slack(text)}, {"mrkdwn", false}});
}

std::string render_discord(const Notice& notice) {
    auto text = cut(notice.text, kDiscordText - std::min(notice.subject.size(), std::size_t{400}));
    auto subject = notice.subject.substr(0, 400);
    for (auto* shown : {&text, &subject})
        std::replace(shown->begin(), shown->end(), '`', '\'');
    return render_json(Json{{"content", fmt::format("`{}`\n```\n{}```", subject, text)},
                            {"allowed_mentions", {{"parse", Json::array()}}}});
}

std::string render_webhook(const Notice& notice) {
    Json events = Json::array();
    for (std::size_t i = 0; i < std::min(kWebhookEvents, notice.events.size()); ++i)
        events.push_back(to_json(notice.events[i]));
    return render_json(Json{{"version", 1},
                            {"id", notice.id},
                            {"host", notice.host},
                            {"time", render_time(notice.time)},
                            {"severity", name_of(notice.severity)},
                            {"subject", notice.subject},
                            {"text", notice.text},
                            {"lost", notice.lost},
                            {"count", notice.events.size()},
                            {"events", std::move(events)}});
}

}  // namespace ntpopt
