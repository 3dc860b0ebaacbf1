// The discoverers: their switches, and names instead of the addresses of pool members.
#include "daemon/io/discover/discoverers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FixedPlace final : public Place {
  public:
    [[nodiscard]] Region region(const DiscoveryConfig&) const override { return here; }
    [[nodiscard]] const Catalogue& catalogue() const override { return known; }
    [[nodiscard]] std::vector<Address> own_addresses() const override { return {}; }
    [[nodiscard]] std::vector<double> leap_seconds() const override { return {}; }
    Region here{"asia", "in"};
    Catalogue known =
        *Catalogue::parse("[[server]]\noperator = 'O'\nnames = ['o.example']\nterms = 't'\nas_of = '2025-01'");
};

Result<Discovered> run(Discoverer& discoverer, const Config& config, const ServiceObservation& service = {}) {
    boost::asio::io_context io(1);
    Result<Discovered> out = Error{Errc::internal, "did not run"};
    boost::asio::co_spawn(io, discoverer.discover(config, service),
                          [&](std::exception_ptr, Result<Discovered> found) { out = std::move(found); });
    io.run();
    return out;
}

std::vector<std::string> names(Discoverer& discoverer, const Config& config, const ServiceObservation& service = {}) {
    std::vector<std::string> out;
    const auto found = run(discoverer, config, service);
    for (const auto& candidate : found->candidates)
        out.push_back((candidate.pool ? "pool " : "") + candidate.endpoint.text());
    return out;
}

ServiceSource source(const std::string& name, bool pool, const std::string& origin = "base") {
    ServiceSource out;
    out.name = name;
    out.pool = pool;
    out.origin = origin;
    out.address = *Address::parse("192.0.2.1");
    return out;
}

TEST(Discoverers, OfferWhatIsConfigured) {
    Config config;
    config.discovery.servers = {*Endpoint::parse("ntp.example:1123"), *Endpoint::parse("192.0.2.9")};
    config.discovery.pools = {*HostName::parse("pool.example")};
    ConfiguredServers configured;
    EXPECT_THAT(names(configured, config), ElementsAre("ntp.example:1123", "192.0.2.9", "pool pool.example"));
}

TEST(Discoverers, OfferWhatTheServiceUsesByNameNeverByThePoolMembersAddress) {
    ServiceObservation service;
    service.sources = {source("2.debian.pool.ntp.org", true),
                       source("2.debian.pool.ntp.org", true),
                       source("ntp.example", false, "ours"),
                       source("198.51.100.7", false, "dhcp"),
                       source("198.51.100.8", true),
                       source("PPS0", false, "refclock"),
                       source("224.0.1.1", false),
                       source("bad name\n", false)};
    service.sources[2].port = 1123;
    service.base_names = {"2.debian.pool.ntp.org", "fedora.pool.ntp.org", "base.example", "base.example"};
    Config config;
    CurrentServers current;
    EXPECT_THAT(names(current, config, service),
                ElementsAre("pool 2.debian.pool.ntp.org", "ntp.example:1123", "198.51.100.7",
                            "pool fedora.pool.ntp.org", "base.example"));
    config.discovery.current = false;
    EXPECT_THAT(names(current, config, service), IsEmpty());
}

TEST(Discoverers, OfferPoolZonesOfTheRegionAndTheVendor) {
    FixedPlace place;
    PoolZones zones(place);
    ServiceObservation service;
    service.base_names = {"0.ubuntu.pool.ntp.org"};
    Config config;
    EXPECT_THAT(names(zones, config, service),
                ElementsAre("pool 2.in.pool.ntp.org", "pool 2.asia.pool.ntp.org", "pool 2.ubuntu.pool.ntp.org"));
    EXPECT_THAT(names(zones, config),
                ElementsAre("pool 2.in.pool.ntp.org", "pool 2.asia.pool.ntp.org", "pool 2.pool.ntp.org"));
    config.discovery.pool_zone = "none";
    EXPECT_THAT(names(zones, config), ElementsAre("pool 2.in.pool.ntp.org", "pool 2.asia.pool.ntp.org"));
    place.here = {};
    EXPECT_THAT(names(zones, config), IsEmpty());
    config.discovery.pool_zone = "acme.pool.ntp.org";
    EXPECT_THAT(names(zones, config, service), ElementsAre("pool 2.acme.pool.ntp.org"));
    config.discovery.regional = false;
    EXPECT_THAT(names(zones, config, service), IsEmpty());
}

TEST(Discoverers, OfferTheCatalogueOrSayThatItIsMissing) {
    FixedPlace place;
    CatalogueServers catalogue(place);
    Config config;
    EXPECT_THAT(names(catalogue, config), ElementsAre("o.example"));
    place.known = {};
    EXPECT_EQ(run(catalogue, config).error().detail, "the catalogue is missing or damaged");
    config.discovery.global = false;
    EXPECT_THAT(names(catalogue, config), IsEmpty());
}

}  // namespace
}  // namespace ntpopt
