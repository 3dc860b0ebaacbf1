// Regions: the rules on small tables of our own, and every zone, link and country of the system's tzdata.
#include "daemon/core/discover/region.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "common/text.hpp"

namespace ntpopt {
namespace {

std::string read(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string tzdata(const std::string& name) {
    return read("/usr/share/zoneinfo/" + name);
}

Continents continents() {
    const auto parsed = Continents::parse(read(CONF_DIR "/pool_regions.toml"));
    EXPECT_TRUE(parsed) << parsed.error().detail;
    return *parsed;
}

TimeZones system_zones() {
    return TimeZones::parse(tzdata("zone.tab"), tzdata("zone1970.tab"), tzdata("tzdata.zi"));
}

TEST(Region, ReadsWhatItWrites) {
    for (const char* text : {"none", "asia", "asia/in", "north-america/us"}) {
        const auto region = parse_region(text);
        ASSERT_TRUE(region) << text;
        EXPECT_EQ(region->text(), text);
    }
    for (const char* text : {"", "auto", "Asia", "asia/", "asia/IN", "asia/ind", "america", "asia/in/x", "asia\n"})
        EXPECT_FALSE(parse_region(text)) << text;
}

TEST(Region, EveryCountryOfTheWorldHasAContinent) {
    const auto known = continents();
    std::set<std::string> codes;
    const auto table = tzdata("iso3166.tab");
    for (const auto line : lines(table))
        if (!line.empty() && line.front() != '#') codes.insert(to_lower(line.substr(0, 2)));
    EXPECT_GT(codes.size(), 240U);
    for (const auto& code : codes)
        EXPECT_NE(known.of(code), "") << code;
    EXPECT_EQ(known.of("zz"), "");
    EXPECT_EQ(known.of(""), "");
}

TEST(Region, KnowsWellKnownZones) {
    const auto zones = system_zones();
    const auto known = continents();
    const std::pair<const char*, const char*> table[] = {
        {"Asia/Kolkata", "asia/in"},
        {"Asia/Calcutta", "asia/in"},
        {"America/Sao_Paulo", "south-america/br"},
        {"Brazil/East", "south-america/br"},
        {"Australia/Sydney", "oceania/au"},
        {"Australia/ACT", "oceania/au"},
        {"Europe/Berlin", "europe/de"},
        {"Europe/Oslo", "europe/no"},
        {"Europe/London", "europe/gb"},
        {"GB", "europe/gb"},
        {"Europe/Istanbul", "europe/tr"},
        {"Asia/Istanbul", "europe/tr"},
        {"Europe/Nicosia", "asia/cy"},
        {"US/Pacific", "north-america/us"},
        {"America/New_York", "north-america/us"},
        {"America/Argentina/Buenos_Aires", "south-america/ar"},
        {"America/Mexico_City", "north-america/mx"},
        {"America/Panama", "north-america/pa"},
        {"Africa/Cairo", "africa/eg"},
        {"Africa/Asmera", "africa/er"},
        {"Atlantic/Reykjavik", "europe/is"},
        {"Iceland", "europe/is"},  // a link to Africa/Abidjan
        {"Antarctica/South_Pole", "antarctica/aq"},
        {"NZ", "oceania/nz"},
        {"Singapore", "asia/sg"},
        {"Indian/Maldives", "asia/mv"},
        {"Pacific/Auckland", "oceania/nz"},
        {"Antarctica/McMurdo", "antarctica/aq"},
        {"Asia/Rangoon", "asia/mm"},
        {"Japan", "asia/jp"},
        {"PRC", "asia/cn"},
        {"Etc/UTC", "none"},
        {"UTC", "none"},
        {"Zulu", "none"},
        {"GMT", "none"},
        {"GMT+0", "none"},
        {"Etc/GMT-5", "none"},
        {"EST", "none"},
        {"EST5EDT", "none"},
        {"CET", "none"},
        {"Factory", "none"},
        {"", "none"},
        {"Mars/Olympus", "none"},
        {"../../etc/passwd", "none"},
    };
    for (const auto& [zone, region] : table)
        EXPECT_EQ(zones.region_of(zone, known).text(), region) << zone;
}

TEST(Region, EveryZoneAndLinkOfTheSystemMapsToAPlaceOrIsNone) {
    const auto zones = system_zones();
    const auto known = continents();
    const std::set<std::string> placeless{"CET",     "CST6CDT", "EET",  "EST",       "EST5EDT",   "Factory", "GMT",
                                          "GMT+0",   "GMT-0",   "GMT0", "Greenwich", "HST",       "MET",     "MST",
                                          "MST7MDT", "PST8PDT", "UCT",  "UTC",       "Universal", "WET",     "Zulu"};
    int places = 0;
    const auto table = tzdata("tzdata.zi");
    for (const auto line : lines(table)) {
        const auto fields = words(line);
        if (fields.size() < 3 || (fields[0] != "Z" && fields[0] != "L")) continue;
        const std::string zone(fields[0] == "Z" ? fields[1] : fields[2]);
        const auto region = zones.region_of(zone, known);
        const bool none = placeless.contains(zone) || zone.starts_with("Etc/");
        EXPECT_EQ(region.known(), !none) << zone << " is " << region.text();
        places += region.known() ? 1 : 0;
        const auto area = to_lower(zone.substr(0, zone.find('/')));
        if (area == "africa") {
            EXPECT_THAT(region.continent, testing::AnyOf("africa", "europe")) << zone;  // Africa/Ceuta is Spain
        }
        if (area == "america") {
            EXPECT_THAT(region.continent, testing::EndsWith("america")) << zone;
        }
        if (area == "australia") {
            EXPECT_EQ(region.text(), "oceania/au") << zone;
        }
    }
    EXPECT_GT(places, 400);
}

// Fedora and Arch build tzdata without the "backzone" of Debian: many names are links to a zone abroad.
TEST(Region, AZoneThatIsALinkAbroadKeepsItsOwnCountry) {
    const auto known = continents();
    const std::string tab = "NO\t+5955+01045\tEurope/Oslo\nDE\t+5230+01322\tEurope/Berlin\n";
    const std::string shared = "DE,DK,NO,SE,SJ\t+5230+01322\tEurope/Berlin\n";
    const std::string links = "L Europe/Berlin Europe/Oslo\nL Europe/Berlin Atlantic/Jan_Mayen\nL A B\nL B A\n";
    const auto zones = TimeZones::parse(tab, shared, links);
    EXPECT_EQ(zones.region_of("Europe/Oslo", known).text(), "europe/no");
    EXPECT_EQ(zones.region_of("Europe/Berlin", known).text(), "europe/de");
    EXPECT_EQ(zones.region_of("Atlantic/Jan_Mayen", known).text(), "europe/sj");
    EXPECT_EQ(zones.region_of("A", known).text(), "none");
    EXPECT_EQ(TimeZones::parse("", shared, links).region_of("Europe/Oslo", known).text(), "europe/de");
    EXPECT_EQ(TimeZones::parse("", "", "").region_of("Europe/Oslo", known).text(), "none");
    EXPECT_EQ(TimeZones::parse("junk\n\t\t\nXXX\ta\tEurope/Oslo", "\xff\t\t\t", "L\nL a")
                  .region_of("Europe/Oslo", known)
                  .text(),
              "none");
}

TEST(Region, RefusesADamagedTable) {
    EXPECT_EQ(Continents::parse("[continents]\nasia = ['in']\natlantis = ['at']").error().detail,
              "line 3: 'atlantis' is not a continent with a list of countries");
    EXPECT_EQ(Continents::parse("[continents]\nasia = ['in', 'in']").error().detail,
              "line 2: 'in' in asia is no country code, or is there twice");
    EXPECT_EQ(Continents::parse("[continents]\nasia = ['IN']").error().detail,
              "line 2: 'IN' in asia is no country code, or is there twice");
    EXPECT_FALSE(Continents::parse("["));
}

TEST(Region, FindsTheZoneInAPath) {
    EXPECT_EQ(zone_of_path("/usr/share/zoneinfo/Asia/Kolkata"), "Asia/Kolkata");
    EXPECT_EQ(zone_of_path("../usr/share/zoneinfo/posix/America/Argentina/Salta"), "America/Argentina/Salta");
    EXPECT_EQ(zone_of_path("/etc/localtime"), "");
}

}  // namespace
}  // namespace ntpopt
