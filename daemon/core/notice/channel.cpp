// Implementation of channel.hpp.
#include "daemon/core/notice/channel.hpp"

#include <fmt/format.h>

namespace ntpopt {

std::vector<NotifyChannel> channels_of(const NotifyConfig& config) {
    using Way = NotifyChannel::Way;
    std::vector<NotifyChannel> out;
    if (!config.email.server.empty()) out.push_back({"email", Way::email, config.email, {}, {}});
    if (!config.slack_url_file.empty()) out.push_back({"slack", Way::slack, {}, {config.slack_url_file, {}}, {}});
    if (!config.discord_url_file.empty())
        out.push_back({"discord", Way::discord, {}, {config.discord_url_file, {}}, {}});
    for (std::size_t i = 0; i < config.webhooks.size(); ++i)
        out.push_back({i == 0 ? "webhook" : fmt::format("webhook{}", i + 1), Way::webhook, {}, config.webhooks[i], {}});
    if (!config.command.empty()) out.push_back({"command", Way::command, {}, {}, config.command});
    return out;
}

}  // namespace ntpopt
