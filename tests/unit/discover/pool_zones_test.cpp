// Pool zones: names for a region, and the vendor's zone among configured names.
#include "daemon/core/discover/pool_zones.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ntpopt {
namespace {

using testing::ElementsAre;

std::vector<std::string> names(const Region& here, std::string_view zone) {
    std::vector<std::string> out;
    for (const auto& candidate : pool_zone_candidates(here, zone)) {
        EXPECT_TRUE(candidate.pool);
        EXPECT_EQ(candidate.source, CandidateSource::pool_zone);
        out.push_back(candidate.endpoint.text() + (candidate.regional ? " near" : ""));
    }
    return out;
}

TEST(PoolZones, AreCountryContinentAndVendorInTheFormThatHasBothFamilies) {
    EXPECT_THAT(names({"asia", "in"}, "debian.pool.ntp.org"),
                ElementsAre("2.in.pool.ntp.org near", "2.asia.pool.ntp.org near", "2.debian.pool.ntp.org"));
    EXPECT_THAT(names({"europe", "gb"}, ""),
                ElementsAre("2.uk.pool.ntp.org near", "2.europe.pool.ntp.org near", "2.pool.ntp.org"));
    EXPECT_THAT(names({"north-america", ""}, "none"), ElementsAre("2.north-america.pool.ntp.org near"));
    EXPECT_THAT(names({}, "none"), ElementsAre());
    EXPECT_THAT(names({}, "1.suse.pool.ntp.org"), ElementsAre("1.suse.pool.ntp.org"));
    EXPECT_THAT(names({}, "ntp.example.org"), ElementsAre("ntp.example.org"));
}

TEST(PoolZones, TellUtcWhereTheyAreThePools) {
    EXPECT_EQ(pool_zone_candidates({}, "")[0].timescale, Timescale::utc);
    EXPECT_EQ(pool_zone_candidates({}, "ntp.example.org")[0].timescale, Timescale::unknown);
}

TEST(PoolZones, FindTheVendorsZone) {
    const std::pair<std::vector<std::string>, const char*> table[] = {
        {{"2.debian.pool.ntp.org"}, "debian.pool.ntp.org"},
        {{"ntp.ubuntu.com", "0.Ubuntu.pool.ntp.org"}, "ubuntu.pool.ntp.org"},
        {{"fedora.pool.ntp.org"}, "fedora.pool.ntp.org"},
        {{"pool.ntp.org", "2.pool.ntp.org", "0.de.pool.ntp.org", "2.north-america.pool.ntp.org"}, ""},
        {{"192.0.2.1", "", ".pool.ntp.org", "a b.pool.ntp.org", "xpool.ntp.org", "debian.pool.ntp.org.example"}, ""},
        {{}, ""},
    };
    for (const auto& [configured, zone] : table)
        EXPECT_EQ(find_vendor_zone(configured), zone);
}

TEST(PoolZones, AreRecognised) {
    EXPECT_TRUE(is_pool_zone("pool.ntp.org"));
    EXPECT_TRUE(is_pool_zone("2.debian.pool.ntp.org"));
    EXPECT_FALSE(is_pool_zone("xpool.ntp.org"));
    EXPECT_FALSE(is_pool_zone("pool.ntp.org.example"));
}

}  // namespace
}  // namespace ntpopt
