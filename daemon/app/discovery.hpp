// Every source of candidates that this daemon has, and the place they know.
#pragma once

#include <string>
#include <vector>

#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/discover/cloud.hpp"
#include "daemon/io/discover/dhcp.hpp"
#include "daemon/io/discover/discoverers.hpp"
#include "daemon/io/discover/domain_servers.hpp"
#include "daemon/io/discover/lists.hpp"
#include "daemon/io/discover/place_files.hpp"

namespace ntpopt {

class Discovery {
  public:
    /// Reads catalogue and region tables from the folder; without them names are known by configuration only. All
    /// others outlive it.
    Discovery(const std::string& data_dir, const std::string& config_file, const std::string& libexec_dir,
              BusPump& pump, NameMemory& names, Cache& cache, const Clock& clock);

    /// Asks systemd-timedated for the time zone where no file tells it. Once, at the start.
    boost::asio::awaitable<void> learn_time_zone();

    /// Reads catalogue and region tables again; where there is any error, what was read before stays.
    [[nodiscard]] Status reload() { return place_.reload(); }

    [[nodiscard]] std::vector<Discoverer*> discoverers();
    [[nodiscard]] const Place& place() const { return place_; }

  private:
    BusPump& pump_;
    PlaceFiles place_;
    ConfiguredServers configured_;
    CurrentServers current_;
    DhcpServers dhcp_;
    DomainServers domain_;
    CloudServers cloud_;
    PoolZones pool_zones_;
    CatalogueServers catalogue_;
    ListedServers lists_;
};

}  // namespace ntpopt
