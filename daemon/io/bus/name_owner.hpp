// Follows who owns a well-known name on the bus. Never starts the service behind it.
#pragma once

#include <sdbus-c++/IConnection.h>
#include <sdbus-c++/IProxy.h>

#include <functional>
#include <memory>
#include <string>

#include "daemon/io/bus/bus_pump.hpp"

namespace ntpopt {

class NameOwner {
  public:
    using OnChange = std::function<void(const std::string& owner)>;

    /// Asks the bus once and follows it from then on. `on_change` is called from inside the bus's dispatch with each
    /// new owner ("" for none), and once with the first answer.
    NameOwner(BusPump& pump, std::string name, OnChange on_change = {});
    ~NameOwner();
    NameOwner(const NameOwner&) = delete;
    NameOwner& operator=(const NameOwner&) = delete;

    /// The unique name, "" where nobody owns it or the bus has not answered yet.
    [[nodiscard]] const std::string& owner() const { return owner_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    void take(std::string owner);

    std::string name_;
    std::string owner_;
    OnChange on_change_;
    bool followed_ = false;  ///< a signal came, so the answer to the first question is old
    std::unique_ptr<sdbus::IProxy> bus_;
    sdbus::Slot match_;
};

}  // namespace ntpopt
