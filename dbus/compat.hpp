// The only file that knows which sdbus-c++ this is. Today that is 1.2 (Debian 12); the shims for 2.x belong here, so
// that no other file asks for a version.
#pragma once

#include <sdbus-c++/sdbus-c++.h>
#include <systemd/sd-bus.h>

#include <string>

namespace ntpopt::compat {

/// The flag of the D-Bus specification by which a caller says that its user may be asked for a password. Neither 1.2
/// nor 2.x has words for it, so it is read and set on the message of sd-bus that sdbus::Message holds.
class Interaction : sdbus::Message {
  public:
    [[nodiscard]] static bool is_allowed(const sdbus::Message& call) {
        return sd_bus_message_get_allow_interactive_authorization(held(call)) > 0;
    }
    static void allow(sdbus::Message& call) {
        // It can fail only on a message that was sent already, and the call is then refused, as without the flag.
        (void)sd_bus_message_set_allow_interactive_authorization(held(call), 1);
    }

  private:
    static sd_bus_message* held(const sdbus::Message& message) {
        return static_cast<sd_bus_message*>(message.*(&Interaction::msg_));
    }
};

/// Who sent the message that is being handled; valid only inside the callback (the pointer behind it is cleared after).
[[nodiscard]] inline std::string current_sender(const sdbus::IObject& object) {
    const auto* message = object.getCurrentlyProcessedMessage();
    return message ? message->getSender() : std::string();
}

/// Whether its user may be asked for a password; as valid as current_sender().
[[nodiscard]] inline bool current_call_is_interactive(const sdbus::IObject& object) {
    const auto* message = object.getCurrentlyProcessedMessage();
    return message && Interaction::is_allowed(*message);
}

}  // namespace ntpopt::compat
