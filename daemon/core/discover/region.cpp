// Parsing and look-up for region.hpp.
#include "daemon/core/discover/region.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/text.hpp"
#include "daemon/core/config/toml.hpp"

namespace ntpopt {
namespace {

constexpr std::array<std::string_view, 7> kContinents{"africa",        "antarctica", "asia",         "europe",
                                                      "north-america", "oceania",    "south-america"};
constexpr int kMaxLinks = 4;  // tzdata links to zones directly; a loop must not hang us

bool is_continent(std::string_view text) {
    return std::find(kContinents.begin(), kContinents.end(), text) != kContinents.end();
}

bool is_country(std::string_view code) {
    return code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Names of a time, not of a place. Newer tzdata links some of them to a city far away from most who use them.
bool is_placeless(std::string_view zone) {
    static constexpr std::array<std::string_view, 19> kNames{
        "CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST",       "MET",       "MST",     "MST7MDT", "PST8PDT",
        "WET", "UTC",     "UCT", "GMT", "Zulu",    "Universal", "Greenwich", "Factory", "GMT0"};
    return zone.starts_with("Etc/") || zone.starts_with("GMT") ||
           std::find(kNames.begin(), kNames.end(), zone) != kNames.end();
}

/// Old names that tzdata ("backward") links to a zone abroad, since the clocks there agree; zone.tab does not have
/// them.
std::string_view country_of_old_name(std::string_view zone) {
    using Row = std::pair<std::string_view, std::string_view>;
    static constexpr std::array kNames{
        Row{"Africa/Asmera", "er"},      Row{"Africa/Timbuktu", "ml"},       Row{"America/Coral_Harbour", "ca"},
        Row{"America/Virgin", "vi"},     Row{"Antarctica/South_Pole", "aq"}, Row{"Iceland", "is"},
        Row{"Atlantic/Jan_Mayen", "sj"}, Row{"Pacific/Truk", "fm"},          Row{"Pacific/Yap", "fm"},
        Row{"Pacific/Ponape", "fm"},     Row{"Pacific/Johnston", "um"},
    };
    for (const auto& [name, country] : kNames)
        if (name == zone) return country;
    return {};
}

void read_table(std::string_view text, std::map<std::string, std::string, std::less<>>& out) {
    for (const auto line : lines(text)) {
        if (line.empty() || line.front() == '#') continue;
        const auto fields = split(line, '\t');  // countries, the main one first; coordinates; zone; comment
        if (fields.size() < 3) continue;
        auto country = to_lower(fields[0].substr(0, 2));
        if (is_country(country)) out.emplace(fields[2], std::move(country));
    }
}

}  // namespace

std::string Region::text() const {
    if (!known()) return "none";
    return country.empty() ? continent : continent + '/' + country;
}

Result<Region> parse_region(std::string_view text) {
    if (text == "none") return Region{};
    const auto slash = text.find('/');
    Region region{std::string(text.substr(0, slash)), {}};
    if (!is_continent(region.continent))
        return Error{Errc::invalid_argument,
                     fmt::format("'{}' does not begin with africa, antarctica, asia, europe, north-america, oceania or "
                                 "south-america",
                                 printable(text, 80))};
    if (slash == std::string_view::npos) return region;
    region.country = text.substr(slash + 1);
    if (!is_country(region.country))
        return Error{Errc::invalid_argument,
                     fmt::format("'{}' does not end with a country code of two small letters, as in asia/in",
                                 printable(text, 80))};
    return region;
}

Result<Continents> Continents::parse(std::string_view toml) {
    const auto document = parse_toml(toml);
    if (!document) return Error{Errc::parse, fmt::format("line {}: {}", document.error().line, document.error().what)};
    Continents out;
    for (const auto& [continent, countries] : get_object(document->root, "continents").items()) {
        const auto line = document->line_of("/continents/" + continent);
        if (!is_continent(continent) || !countries.is_array())
            return Error{Errc::parse, fmt::format("line {}: '{}' is not a continent with a list of countries", line,
                                                  printable(continent, 40))};
        for (const auto& entry : countries) {
            const auto country = entry.is_string() ? entry.get<std::string>() : std::string();
            if (!is_country(country) || !out.by_country_.emplace(country, continent).second)
                return Error{Errc::parse, fmt::format("line {}: '{}' in {} is no country code, or is there twice", line,
                                                      printable(country, 40), continent)};
        }
    }
    return out;
}

std::string Continents::of(std::string_view country) const {
    const auto found = by_country_.find(country);
    return found == by_country_.end() ? std::string() : found->second;
}

TimeZones TimeZones::parse(std::string_view zone_tab, std::string_view zone1970_tab, std::string_view tzdata_zi) {
    TimeZones out;
    read_table(zone_tab, out.countries_);  // a line for every country; zone1970.tab adds what it may lack
    read_table(zone1970_tab, out.countries_);
    for (const auto line : lines(tzdata_zi)) {
        if (!line.starts_with("L ")) continue;
        if (const auto fields = words(line); fields.size() == 3) out.links_[std::string(fields[2])] = fields[1];
    }
    return out;
}

Region TimeZones::region_of(std::string_view zone, const Continents& continents) const {
    if (is_placeless(zone)) return {};
    std::string country(country_of_old_name(zone));
    for (int hop = 0; country.empty() && hop <= kMaxLinks; ++hop) {
        if (const auto found = countries_.find(zone); found != countries_.end()) {
            country = found->second;
            break;
        }
        const auto link = links_.find(zone);
        if (link == links_.end() || is_placeless(link->second)) return {};
        zone = link->second;
    }
    const auto continent = continents.of(country);
    return continent.empty() ? Region{} : Region{continent, country};
}

std::string zone_of_path(std::string_view path) {
    static constexpr std::string_view kFolder = "/zoneinfo/";
    const auto at = path.rfind(kFolder);
    if (at == std::string_view::npos) return {};
    auto zone = path.substr(at + kFolder.size());
    for (const std::string_view variant : {"posix/", "right/"})
        if (zone.starts_with(variant)) zone.remove_prefix(variant.size());
    return std::string(zone);
}

}  // namespace ntpopt
