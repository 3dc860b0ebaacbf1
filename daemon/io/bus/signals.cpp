// Implementation of signals.hpp.
#include "daemon/io/bus/signals.hpp"

#include <fmt/format.h>

namespace ntpopt {

SignalWatch::SignalWatch(BusPump& pump, const NameOwner& owner, const SignalRule& rule, Handler handler)
    : owner_(owner), handler_(std::move(handler)) {
    auto match =
        fmt::format("type='signal',sender='{}',interface='{}',member='{}'", owner.name(), rule.interface, rule.member);
    if (!rule.path.empty()) match += fmt::format(",path='{}'", rule.path);
    match_ = pump.connection().addMatch(match, [this](sdbus::Message& signal) { hear(signal); });
    pump.kick();
}

void SignalWatch::hear(sdbus::Message& signal) {
    try {
        // A unicast signal from anybody passes a match on a well-known sender name, hence this comparison.
        if (owner_.owner().empty() || signal.getSender() != owner_.owner())
            ++dropped_;
        else
            handler_(signal);
    } catch (const std::exception&) {
        // An exception must not unwind through sd-bus, which is C. The only one to be expected is a signal of other
        // types.
        ++dropped_;
    }
}

}  // namespace ntpopt
