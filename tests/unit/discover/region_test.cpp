// Regions: the rules on small tables of our own, and every zone, link and country of the system's tzdata.
#include "daemon/core/discover/region.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
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

/// Names that zone.tab does not have, by country: tzdata's "backward", judged by what the names say and not by where
/// the links lead.
std::map<std::string, std::string, std::less<>> old_names() {
    static constexpr std::string_view kTable =
        "aq: Antarctica/South_Pole "
        "ar: America/Argentina/ComodRivadavia America/Buenos_Aires America/Catamarca America/Cordoba "
        "America/Jujuy America/Mendoza America/Rosario "
        "as: Pacific/Samoa US/Samoa "
        "au: Australia/ACT Australia/Canberra Australia/Currie Australia/LHI Australia/NSW Australia/North "
        "Australia/Queensland Australia/South Australia/Tasmania Australia/Victoria Australia/West "
        "Australia/Yancowinna "
        "bd: Asia/Dacca "
        "br: America/Porto_Acre Brazil/Acre Brazil/DeNoronha Brazil/East Brazil/West "
        "bt: Asia/Thimbu "
        "ca: America/Coral_Harbour America/Montreal America/Nipigon America/Pangnirtung America/Rainy_River "
        "America/Thunder_Bay America/Yellowknife Canada/Atlantic Canada/Central Canada/Eastern Canada/Mountain "
        "Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon "
        "cl: Chile/Continental Chile/EasterIsland "
        "cn: Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Kashgar PRC "
        "cu: Cuba "
        "cy: Europe/Nicosia "
        "eg: Egypt "
        "er: Africa/Asmera "
        "fm: Pacific/Ponape Pacific/Truk Pacific/Yap "
        "fo: Atlantic/Faeroe "
        "gb: Europe/Belfast GB GB-Eire "
        "gl: America/Godthab "
        "hk: Hongkong "
        "id: Asia/Ujung_Pandang "
        "ie: Eire "
        "il: Asia/Tel_Aviv Israel "
        "in: Asia/Calcutta "
        "ir: Iran "
        "is: Iceland "
        "jm: Jamaica "
        "jp: Japan "
        "ki: Pacific/Enderbury "
        "kr: ROK "
        "ly: Libya "
        "md: Europe/Tiraspol "
        "mh: Kwajalein "
        "ml: Africa/Timbuktu "
        "mm: Asia/Rangoon "
        "mn: Asia/Choibalsan Asia/Ulan_Bator "
        "mo: Asia/Macao "
        "mx: America/Ensenada America/Santa_Isabel Mexico/BajaNorte Mexico/BajaSur Mexico/General "
        "np: Asia/Katmandu "
        "nz: NZ NZ-CHAT "
        "pl: Poland "
        "pt: Portugal "
        "ru: W-SU "
        "sg: Singapore "
        "sj: Atlantic/Jan_Mayen "
        "tm: Asia/Ashkhabad "
        "tr: Asia/Istanbul Turkey "
        "tw: ROC "
        "ua: Europe/Kiev Europe/Uzhgorod Europe/Zaporozhye "
        "um: Pacific/Johnston "
        "us: America/Atka America/Fort_Wayne America/Indianapolis America/Knox_IN America/Louisville "
        "America/Shiprock Navajo US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii "
        "US/Indiana-Starke US/Michigan US/Mountain US/Pacific "
        "vi: America/Virgin "
        "vn: Asia/Saigon ";
    std::map<std::string, std::string, std::less<>> out;
    std::string country;
    for (const auto word : words(kTable))
        if (word.ends_with(':'))
            country = word.substr(0, 2);
        else
            out.emplace(word, country);
    return out;
}

bool is_placeless(const std::string& zone) {
    static const std::set<std::string> kNames{
        "CET", "CST6CDT", "EET", "EST",     "EST5EDT", "Factory", "GMT", "GMT+0",     "GMT-0", "GMT0", "Greenwich",
        "HST", "MET",     "MST", "MST7MDT", "PST8PDT", "UCT",     "UTC", "Universal", "WET",   "Zulu"};
    return kNames.contains(zone) || zone.starts_with("Etc/");
}

TEST(Region, EveryZoneAndLinkOfTheSystemMapsToItsCountryOrIsNone) {
    const auto zones = system_zones();
    const auto known = continents();
    auto expected = old_names();
    const auto places = tzdata("zone.tab");
    for (const auto line : lines(places)) {
        if (line.empty() || line.front() == '#') continue;
        const auto fields = split(line, '\t');
        ASSERT_GE(fields.size(), 3U) << line;
        expected.emplace(fields[2], to_lower(fields[0]));
    }
    std::size_t countries = 0;
    std::size_t others = 0;
    const auto table = tzdata("tzdata.zi");
    for (const auto line : lines(table)) {
        const auto fields = words(line);
        if (fields.size() < 3 || (fields[0] != "Z" && fields[0] != "L")) continue;
        const std::string zone(fields[0] == "Z" ? fields[1] : fields[2]);
        const auto region = zones.region_of(zone, known);
        if (is_placeless(zone)) {
            EXPECT_FALSE(region.known()) << zone << " is " << region.text();
        } else if (const auto found = expected.find(zone); found != expected.end()) {
            EXPECT_EQ(region.country, found->second) << zone;
            EXPECT_EQ(region.continent, known.of(found->second)) << zone;
            ++countries;
        } else {
            EXPECT_TRUE(region.known()) << zone << ", an old name newer than this test";
            ++others;
        }
    }
    EXPECT_GT(countries, 500U);
    EXPECT_LT(others, 20U);
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
