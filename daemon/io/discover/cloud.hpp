// The time service of the cloud that this machine runs in (`discovery.cloud`), recognised from sysfs alone.
#pragma once

#include <string>

#include "daemon/core/discover/platform.hpp"
#include "daemon/ports/discoverer.hpp"

namespace ntpopt {

class CloudServers final : public Discoverer {
  public:
    explicit CloudServers(std::string sysfs = "/sys") : sysfs_(std::move(sysfs)) {}

    [[nodiscard]] std::string_view name() const override { return "cloud"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    [[nodiscard]] PlatformFacts facts() const;

    std::string sysfs_;
};

}  // namespace ntpopt
