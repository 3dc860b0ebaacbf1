// Hears one signal of one service, and only from the one who owns the service's name: a signal in somebody else's name
// is dropped. Even a true signal is a hint; what it says is to be settled by a call.
#pragma once

#include <sdbus-c++/IConnection.h>
#include <sdbus-c++/Message.h>

#include <cstdint>
#include <functional>
#include <string>

#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/name_owner.hpp"

namespace ntpopt {

/// What to hear. An empty path stands for any.
struct SignalRule {
    std::string path;
    std::string interface;
    std::string member;
};

class SignalWatch {
  public:
    /// Called from inside the bus's dispatch: it may read the signal and remember, spawn or post, and must not wait.
    /// What it throws drops the signal.
    using Handler = std::function<void(sdbus::Message& signal)>;

    /// `owner` follows the service's name and must outlive the watch.
    SignalWatch(BusPump& pump, const NameOwner& owner, const SignalRule& rule, Handler handler);
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// How many signals were dropped: forged ones, and those whose content was not what it should be.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    void hear(sdbus::Message& signal);

    const NameOwner& owner_;
    Handler handler_;
    std::uint64_t dropped_ = 0;
    sdbus::Slot match_;
};

}  // namespace ntpopt
