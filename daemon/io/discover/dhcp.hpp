// NTP servers that DHCP named (`discovery.dhcp`): from the files that DHCP clients leave behind, and from
// NetworkManager.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/core/discover/leases.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/discoverer.hpp"

namespace ntpopt {

struct LeasePaths {
    std::vector<std::string> networkd{"/run/systemd/netif/leases", "/run/systemd/netif/links"};
    std::vector<std::string> dhclient{"/var/lib/dhcp", "/var/lib/dhclient"};
    std::vector<std::string> chrony{"/run/chrony-dhcp"};
};

class DhcpServers final : public Discoverer {
  public:
    /// What a network manager on the bus knows; see network_manager.hpp.
    using AskManager = std::function<boost::asio::awaitable<Result<std::vector<Host>>>()>;

    /// `clock` outlives it. Without `ask_manager` only files count.
    DhcpServers(LeasePaths paths, const Clock& clock, AskManager ask_manager = {});

    [[nodiscard]] std::string_view name() const override { return "dhcp"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    void read_files(std::vector<Host>& out, std::vector<std::string>& notes) const;

    LeasePaths paths_;
    const Clock& clock_;
    AskManager ask_manager_;
};

}  // namespace ntpopt
