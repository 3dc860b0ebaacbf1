// The ways to tell somebody, as the configuration has them, each with the name by which people know it.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/config/config.hpp"

namespace ntpopt {

struct NotifyChannel {
    enum class Way { email, slack, discord, webhook, command };
    std::string name;  ///< "email", "slack", "discord", "webhook", "webhook2", ..., "command"
    std::string key;   ///< what keeps its memory: a webhook's place in the list is not the webhook
    Way way = Way::email;
    EmailConfig email;
    WebhookConfig post;  ///< where the URL is, for the three that are HTTPS requests
    std::vector<std::string> argv;
};

/// Those that are configured; none by default.
[[nodiscard]] std::vector<NotifyChannel> channels_of(const NotifyConfig& config);

}  // namespace ntpopt
