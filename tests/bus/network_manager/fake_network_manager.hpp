// NetworkManager's objects as far as they tell of leases (its D-Bus API, version 1.0 and later), truly or not, on a
// connection of their own on the private bus.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/io/bus/bus_pump.hpp"
#include "tests/bus/harness/fake_value.hpp"
#include "tests/bus/harness/loop.hpp"

namespace ntpopt::test {

class FakeNetworkManager {
  public:
    using Options = std::map<std::string, sdbus::Variant>;

    /// `active`: what ActiveConnections says instead of the connections that were added.
    explicit FakeNetworkManager(Loop& loop, std::optional<FakeValue> active = std::nullopt);
    FakeNetworkManager(const FakeNetworkManager&) = delete;
    FakeNetworkManager& operator=(const FakeNetworkManager&) = delete;

    /// The value of Dhcp4Config or Dhcp6Config for a lease with these options.
    FakeValue lease(const std::string& family, FakeValue options);
    FakeValue lease(const std::string& family, const Options& options) { return lease(family, FakeValue::of(options)); }
    static FakeValue no_lease() { return FakeValue::of(sdbus::ObjectPath("/")); }

    void connect(const FakeValue& dhcp4, const FakeValue& dhcp6);

    /// Once it has told of its connections it answers nothing more.
    bool falls_silent = false;
    /// How many leases were asked for.
    int asked = 0;

  private:
    void tell_connections(sdbus::PropertyGetReply& reply);

    Loop& loop_;
    std::optional<FakeValue> active_;
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    std::optional<BusPump> pump_;
    std::unique_ptr<sdbus::IObject> manager_;
    std::vector<std::unique_ptr<sdbus::IObject>> objects_;
    std::vector<sdbus::ObjectPath> connections_;
};

}  // namespace ntpopt::test
