// Events as one message for people: a subject and a plain text, the same for mail and chat. Where many come at once the
// first are told in full and the rest counted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/core/notice/event.hpp"

namespace ntpopt {

/// A message as each channel takes it and puts it into its own form (payload.hpp, mail.hpp).
struct Notice {
    std::string id{};    ///< the same at each attempt to deliver the same events: letters, digits, dots and hyphens
    std::string host{};  ///< this machine's name
    RealTime time{};     ///< of the attempt
    Severity severity = Severity::info;  ///< the worst
    std::string subject{};
    std::string text{};  ///< lines ending in "\n"
    std::vector<NoticeEvent> events{};
    std::uint64_t lost = 0;  ///< older events that had no room or were given up
};

/// `events`: at least one, the oldest first.
[[nodiscard]] Notice make_notice(std::string id, std::string host, std::vector<NoticeEvent> events, std::uint64_t lost,
                                 RealTime now);

}  // namespace ntpopt
