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
    bool wait_for_all = false;  ///< a mail goes to nobody while one of its recipients is asked to come again
    WebhookConfig post;         ///< where the URL is, for the three that are HTTPS requests
    std::vector<std::string> argv;
};

/// Those that are configured; none by default.
[[nodiscard]] std::vector<NotifyChannel> channels_of(const NotifyConfig& config);

}  // namespace ntpopt
