// Every source of candidates that this daemon has, and the place they know.
#pragma once

#include <string>
#include <vector>

#include "daemon/io/discover/discoverers.hpp"
#include "daemon/io/discover/place_files.hpp"

namespace ntpopt {

class Discovery {
  public:
    /// Reads catalogue and region tables from the folder; without them names are known by configuration only.
    explicit Discovery(const std::string& data_dir);

    [[nodiscard]] std::vector<Discoverer*> discoverers();
    [[nodiscard]] const Place& place() const { return place_; }

  private:
    PlaceFiles place_;
    ConfiguredServers configured_;
    CurrentServers current_;
    PoolZones pool_zones_;
    CatalogueServers catalogue_;
};

}  // namespace ntpopt
