// The only file that knows which sdbus-c++ this is. Today that is 1.2 (Debian 12); the shims for 2.x belong here, so
// that no other file asks for a version.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <string>

namespace ntpopt::compat {

/// Who sent the message that is being handled; valid only inside the callback (the pointer behind it is cleared after).
[[nodiscard]] inline std::string current_sender(const sdbus::IObject& object) {
    const auto* message = object.getCurrentlyProcessedMessage();
    return message ? message->getSender() : std::string();
}

}  // namespace ntpopt::compat
