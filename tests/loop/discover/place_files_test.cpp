// PlaceFiles: the time zone of a made-up /etc, our shipped files, damage.
#include "daemon/io/discover/place_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

namespace fs = std::filesystem;

class PlaceTest : public testing::Test {
  protected:
    void SetUp() override {
        paths_ = {CONF_DIR, "/usr/share/zoneinfo", root_ / "localtime", root_ / "catalogue.d", root_ / "timezone"};
    }

    std::string region(const std::string& wanted = "auto") {
        PlaceFiles place(paths_);
        EXPECT_TRUE(place.load());
        DiscoveryConfig config;
        config.region = wanted;
        return place.region(config).text();
    }

    void link(const std::string& zone) {
        fs::remove(paths_.localtime);
        fs::create_symlink("../usr/share/zoneinfo/" + zone, paths_.localtime);
    }

    const test::Scratch scratch_;
    const fs::path root_ = scratch_.path();
    PlacePaths paths_;
};

TEST_F(PlaceTest, FollowsTheTimeZone) {
    EXPECT_EQ(region(), "none");
    link("Asia/Calcutta");
    EXPECT_EQ(region(), "asia/in");
    link("Etc/UTC");
    EXPECT_EQ(region(), "none");
    fs::remove(paths_.localtime);
    std::ofstream(paths_.localtime) << "a copy, as some images have it";
    std::ofstream(paths_.timezone) << "America/Sao_Paulo\n";
    EXPECT_EQ(region(), "south-america/br");
    EXPECT_EQ(region("europe/de"), "europe/de");
    EXPECT_EQ(region("none"), "none");
}

TEST_F(PlaceTest, NoticesAChangeOfTheTimeZone) {
    PlaceFiles place(paths_);
    ASSERT_TRUE(place.load());
    link("Europe/Berlin");
    EXPECT_EQ(place.region({}).text(), "europe/de");
    link("Australia/Sydney");
    EXPECT_EQ(place.region({}).text(), "oceania/au");
}

TEST_F(PlaceTest, FollowsALinkToALink) {
    fs::create_symlink("/usr/share/zoneinfo/Asia/Tokyo", root_ / "second");
    fs::create_symlink(root_ / "second", paths_.localtime);
    EXPECT_EQ(region(), "asia/jp");
}

TEST_F(PlaceTest, HasTheShippedCatalogue) {
    PlaceFiles place(paths_);
    ASSERT_TRUE(place.load());
    EXPECT_GT(place.catalogue().entries().size(), 10U);
}

TEST_F(PlaceTest, TheAdministratorsEntriesComeFirst) {
    fs::create_directory(root_ / "catalogue.d");
    std::ofstream(root_ / "catalogue.d/10-site.toml")
        << "[[server]]\noperator = 'Site'\nnames = ['time.cloudflare.com']\noffered = false\ntimescale = 'smear-24h'\n"
           "timescale_source = 's'\nas_of = '2025-01'\n";
    std::ofstream(root_ / "catalogue.d/20-more.toml")
        << "[[server]]\noperator = 'More'\nnames = ['ntp.site.example']\nterms = 't'\nas_of = '2025-01'\n";
    std::ofstream(root_ / "catalogue.d/30-broken.toml") << "[[server]]\nnames = 7\n";
    PlaceFiles place(paths_);
    EXPECT_EQ(place.load().error().detail,
              (root_ / "catalogue.d/30-broken.toml").string() + ": line 2: names is a list of host names");
    std::vector<std::string> offered;
    for (const auto& candidate : place.catalogue().candidates())
        offered.push_back(candidate.endpoint.text());
    EXPECT_EQ(std::count(offered.begin(), offered.end(), "time.cloudflare.com"), 0);
    EXPECT_EQ(std::count(offered.begin(), offered.end(), "ntp.site.example"), 1);
    EXPECT_EQ(std::count(offered.begin(), offered.end(), "time.google.com"), 1);
    EXPECT_EQ(place.catalogue().find(*Host::parse("time.cloudflare.com"))->timescale, Timescale::smear_24h);
}

TEST_F(PlaceTest, AReloadTakesChangedEntriesAndAFaultyFileLeavesAllAsItWas) {
    const auto write = [this](const std::string& file, const std::string& timescale) {
        std::ofstream(root_ / "catalogue.d" / file)
            << "[[server]]\noperator = 'Site'\nnames = ['" << file << ".example']\nterms = 't'\ntimescale = '"
            << timescale << "'\ntimescale_source = 's'\nas_of = '2025-01'\n";
    };
    fs::create_directory(root_ / "catalogue.d");
    write("a.toml", "utc");
    PlaceFiles place(paths_);
    ASSERT_TRUE(place.load());
    const auto timescale_of = [&place](const std::string& name) {
        const auto* entry = place.catalogue().find(*Host::parse(name));
        return entry ? entry->timescale : Timescale::unknown;
    };
    link("Asia/Kolkata");
    EXPECT_EQ(place.region({}).text(), "asia/in");
    write("a.toml", "smear-24h");
    write("b.toml", "utc");
    EXPECT_EQ(timescale_of("a.toml.example"), Timescale::utc) << "nothing happens by itself";
    ASSERT_TRUE(place.reload());
    EXPECT_EQ(timescale_of("a.toml.example"), Timescale::smear_24h);
    EXPECT_EQ(timescale_of("b.toml.example"), Timescale::utc);
    write("a.toml", "utc");
    write("b.toml", "smeared");
    write("c.toml", "utc");
    EXPECT_EQ(place.reload().error().detail, (root_ / "catalogue.d/b.toml").string() +
                                                 ": line 5: timescale is one of utc, smear-24h, smear-meta, unknown");
    EXPECT_EQ(timescale_of("a.toml.example"), Timescale::smear_24h);
    EXPECT_EQ(timescale_of("b.toml.example"), Timescale::utc);
    EXPECT_EQ(timescale_of("c.toml.example"), Timescale::unknown);
    EXPECT_EQ(timescale_of("time.google.com"), Timescale::smear_24h) << "what we ship is still there, too";
    EXPECT_EQ(place.region({}).text(), "asia/in");
    fs::remove_all(root_ / "catalogue.d");
    ASSERT_TRUE(place.reload());
    EXPECT_EQ(timescale_of("a.toml.example"), Timescale::unknown);
}

TEST_F(PlaceTest, NamesADamagedOrMissingFile) {
    paths_.data_folder = root_;
    PlaceFiles place(paths_);
    EXPECT_EQ(place.load().error().code, Errc::io);
    fs::copy_file(fs::path(CONF_DIR) / "pool_regions.toml", root_ / "pool_regions.toml");
    std::ofstream(root_ / "catalogue.toml") << "[[server]]\nname = 'x'\n";
    EXPECT_EQ(place.load().error().detail,
              (root_ / "catalogue.toml").string() + ": line 2: 'name' is not a key of a server");
    EXPECT_TRUE(place.catalogue().entries().empty());
    link("Asia/Kolkata");
    EXPECT_EQ(place.region({}).text(), "asia/in") << "the other file still counts";
    paths_.zoneinfo = root_;
    EXPECT_EQ(PlaceFiles(paths_).region({}).text(), "none");
}

}  // namespace
}  // namespace ntpopt
