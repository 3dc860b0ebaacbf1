// Where the machine is and what is known of public servers, from files: the catalogue and the continents that we ship,
// tzdata's tables, and the time zone that the administrator set.
#pragma once

#include <string>

#include "daemon/ports/place.hpp"

namespace ntpopt {

struct PlacePaths {
    std::string data_folder;  ///< with catalogue.toml and pool_regions.toml
    std::string zoneinfo = "/usr/share/zoneinfo";
    std::string localtime = "/etc/localtime";                  ///< a link into zoneinfo, see localtime(5)
    std::string catalogue_folder = "/etc/ntpopt/catalogue.d";  ///< the administrator's own entries
    std::string timezone = "/etc/timezone";  ///< Debian's name of the zone, for where localtime is a copy
};

class PlaceFiles final : public Place {
  public:
    explicit PlaceFiles(PlacePaths paths) : paths_(std::move(paths)) {}

    /// Reads our own files, and the administrator's entries before ours, the last file by name first. A file that is
    /// missing or damaged is an error and counts as empty.
    [[nodiscard]] Status load();
    /// The same once more; where there is any error, all that was read before stays.
    [[nodiscard]] Status reload();

    /// What systemd-timedated says, for where no file tells the zone.
    void set_told_zone(std::string zone) { told_zone_ = std::move(zone); }
    /// Whether the files tell the zone by themselves.
    [[nodiscard]] bool has_zone() const { return !zone().empty(); }

    /// Follows the time zone when it changes. Without tables, or in UTC, nothing is known.
    [[nodiscard]] Region region(const DiscoveryConfig& config) const override;
    [[nodiscard]] const Catalogue& catalogue() const override { return known_.catalogue; }
    /// Of all interfaces but loopback, by getifaddrs(3).
    [[nodiscard]] std::vector<Address> own_addresses() const override;
    /// From tzdata's copy of leap-seconds.list, read anew each time: it is updated with the system.
    [[nodiscard]] std::vector<double> leap_seconds() const override;

  private:
    struct Known {
        Catalogue catalogue;
        Continents continents;
        Status fault;
    };
    [[nodiscard]] Known read() const;
    [[nodiscard]] std::string zone() const;

    PlacePaths paths_;
    std::string told_zone_;
    Known known_;
    mutable std::string known_zone_;  // and its region, so that the tables are read once
    mutable Region known_region_;
};

}  // namespace ntpopt
