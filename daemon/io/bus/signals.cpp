// Implementation of signals.hpp.
#include "daemon/io/bus/signals.hpp"

#include <fmt/format.h>

namespace ntpopt {

SignalWatch::SignalWatch(BusPump& pump, std::string sender, const SignalRule& rule, Handler handler)
    : sender_(std::move(sender)), handler_(std::move(handler)) {
    auto match =
        fmt::format("type='signal',sender='{}',interface='{}',member='{}'", sender_, rule.interface, rule.member);
    if (!rule.path.empty()) match += fmt::format(",path='{}'", rule.path);
    match_ = pump.connection().addMatch(match, [this](sdbus::Message& signal) { hear(signal); });
    pump.kick();
}

void SignalWatch::hear(sdbus::Message& signal) {
    try {
        // What passes a match is sd-bus's affair (a match on a well-known name lets everybody's unicasts through), so
        // the sender is compared here.
        if (signal.getSender() == sender_) handler_(signal);
    } catch (const std::exception&) {
        // An exception must not unwind through sd-bus, which is C. The only one to be expected is a signal of other
        // types, which says nothing.
        return;
    }
}

}  // namespace ntpopt
