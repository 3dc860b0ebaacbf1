// Each discoverer reads its switch and lets core name the candidates.
#include "daemon/io/discover/discoverers.hpp"

#include "daemon/core/discover/pool_zones.hpp"
#include "daemon/core/discover/sources.hpp"

namespace ntpopt {

namespace {

using Candidates = Result<Discovered>;

Candidates find_pool_zones(const DiscoveryConfig& config, const ServiceObservation& service, const Place& place) {
    if (!config.regional) return Discovered();
    const auto here = place.region(config);
    if (config.pool_zone != "auto") return pool_zone_candidates(here, config.pool_zone);
    return pool_zone_candidates(here, find_vendor_zone(configured_names(service)));
}

Candidates find_in_catalogue(const DiscoveryConfig& config, const Catalogue& catalogue) {
    if (!config.global) return Discovered();
    if (catalogue.entries().empty()) return Error{Errc::not_found, "the catalogue is missing or damaged"};
    return catalogue.candidates();
}

boost::asio::awaitable<Candidates> ready(Candidates found) {
    co_return found;
}

}  // namespace

boost::asio::awaitable<Candidates> ConfiguredServers::discover(Config config, ServiceObservation) {
    return ready(configured_candidates(config.discovery));
}

boost::asio::awaitable<Candidates> CurrentServers::discover(Config config, ServiceObservation service) {
    return ready(config.discovery.current ? current_candidates(service) : std::vector<Candidate>());
}

boost::asio::awaitable<Candidates> PoolZones::discover(Config config, ServiceObservation service) {
    return ready(find_pool_zones(config.discovery, service, place_));
}

boost::asio::awaitable<Candidates> CatalogueServers::discover(Config config, ServiceObservation) {
    return ready(find_in_catalogue(config.discovery, place_.catalogue()));
}

}  // namespace ntpopt
