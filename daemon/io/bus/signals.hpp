// Hears one signal of one sender: a signal in somebody else's name is dropped. Even a true signal is a hint; what it
// says is to be settled by a call.
#pragma once

#include <sdbus-c++/IConnection.h>
#include <sdbus-c++/Message.h>

#include <functional>
#include <string>

#include "daemon/io/bus/bus_pump.hpp"

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

    /// `sender` is a unique name (":1.7"), so that whoever takes over a well-known name later is not heard.
    SignalWatch(BusPump& pump, std::string sender, const SignalRule& rule, Handler handler);
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

  private:
    void hear(sdbus::Message& signal);

    std::string sender_;
    Handler handler_;
    sdbus::Slot match_;
};

}  // namespace ntpopt
