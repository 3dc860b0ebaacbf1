// The discoverers of the first hour. None of them asks the network: those that do have files of their own.
#pragma once

#include "daemon/ports/discoverer.hpp"
#include "daemon/ports/place.hpp"

namespace ntpopt {

/// `discovery.servers` and `discovery.pools`.
class ConfiguredServers final : public Discoverer {
  public:
    [[nodiscard]] std::string_view name() const override { return "configuration"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;
};

/// What the NTP service uses today (`discovery.current`).
class CurrentServers final : public Discoverer {
  public:
    [[nodiscard]] std::string_view name() const override { return "current"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;
};

/// Zones of the NTP Pool for the machine's region, and the vendor's (`discovery.regional`, `discovery.pool_zone`).
class PoolZones final : public Discoverer {
  public:
    explicit PoolZones(const Place& place) : place_(place) {}
    [[nodiscard]] std::string_view name() const override { return "pool_zones"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    const Place& place_;
};

/// The operator-run public servers of the catalogue (`discovery.global`).
class CatalogueServers final : public Discoverer {
  public:
    explicit CatalogueServers(const Place& place) : place_(place) {}
    [[nodiscard]] std::string_view name() const override { return "catalogue"; }
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    const Place& place_;
};

}  // namespace ntpopt
