// What is known before anything is asked: which part of the world the machine is in, and the catalogue of public
// servers.
#pragma once

#include "daemon/core/config/config.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/discover/region.hpp"

namespace ntpopt {

class Place {
  public:
    virtual ~Place() = default;
    /// From `discovery.region`: as given there, or from the machine's time zone; not known for "none".
    [[nodiscard]] virtual Region region(const DiscoveryConfig& config) const = 0;
    [[nodiscard]] virtual const Catalogue& catalogue() const = 0;
    /// The machine's own addresses, by which a server that follows this machine is recognised.
    [[nodiscard]] virtual std::vector<Address> own_addresses() const = 0;
    /// The instants of leap seconds that the machine knows of, in seconds since 1970.
    [[nodiscard]] virtual std::vector<double> leap_seconds() const = 0;
};

}  // namespace ntpopt
