// Implementation of channel.hpp.
#include "daemon/core/notice/channel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ntpopt {

std::vector<NotifyChannel> channels_of(const NotifyConfig& config) {
    using Way = NotifyChannel::Way;
    std::vector<NotifyChannel> out;
    const auto add = [&](std::string name, std::string key, Way way) -> NotifyChannel& {
        auto& channel = out.emplace_back();
        channel.name = std::move(name);
        channel.key = std::move(key);
        channel.way = way;
        return channel;
    };
    if (!config.email.server.empty()) add("email", "email", Way::email).email = config.email;
    if (!config.slack_url_file.empty()) add("slack", "slack", Way::slack).post.url_file = config.slack_url_file;
    if (!config.discord_url_file.empty())
        add("discord", "discord", Way::discord).post.url_file = config.discord_url_file;
    for (std::size_t i = 0; i < config.webhooks.size(); ++i) {
        const auto& webhook = config.webhooks[i];
        const auto same =
            std::count_if(config.webhooks.begin(), config.webhooks.begin() + static_cast<std::ptrdiff_t>(i),
                          [&](const auto& other) { return other.url_file == webhook.url_file; });
        add(i == 0 ? "webhook" : fmt::format("webhook{}", i + 1), fmt::format("webhook {} {}", webhook.url_file, same),
            Way::webhook)
            .post = webhook;
    }
    if (!config.command.empty()) add("command", "command", Way::command).argv = config.command;
    return out;
}

}  // namespace ntpopt
