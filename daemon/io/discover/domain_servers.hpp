// NTP servers that the search domains announce by SRV records (`discovery.srv`).
#pragma once

#include <chrono>
#include <string>

#include "daemon/io/net/name_memory.hpp"
#include "daemon/ports/discoverer.hpp"

namespace ntpopt {

class DomainServers final : public Discoverer {
  public:
    /// `names` outlives it. Each domain has until the deadline.
    explicit DomainServers(NameMemory& names, std::string resolv_conf = "/etc/resolv.conf",
                           Duration deadline = std::chrono::seconds(5))
        : names_(names), resolv_conf_(std::move(resolv_conf)), deadline_(deadline) {}

    [[nodiscard]] std::string_view name() const override { return "srv"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    NameMemory& names_;
    std::string resolv_conf_;
    Duration deadline_;
};

}  // namespace ntpopt
