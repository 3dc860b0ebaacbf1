// Which part of the world a machine is in, from its time zone: pure parsers of tzdata's tables and of
// conf/pool_regions.toml. A guess that only decides whom to ask; no measurement ever depends on it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/error.hpp"

namespace ntpopt {

/// A continent as the NTP Pool names its zones ("asia", "north-america") and, where it is known, a country ("in").
struct Region {
    std::string continent;
    std::string country;

    [[nodiscard]] bool known() const { return !continent.empty(); }
    /// "asia/in", "asia", or "none".
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Region&, const Region&) = default;
};

/// Reads what text() writes. The country is not looked up.
[[nodiscard]] Result<Region> parse_region(std::string_view text);

/// The continent of every country, from conf/pool_regions.toml.
class Continents {
  public:
    [[nodiscard]] static Result<Continents> parse(std::string_view toml);
    /// Empty for a code that is not known. `country` in small letters.
    [[nodiscard]] std::string of(std::string_view country) const;

  private:
    std::map<std::string, std::string, std::less<>> by_country_;
};

/// The countries of the time zones. Lines that make no sense are passed over, since the tables belong to the system.
class TimeZones {
  public:
    /// The texts of zone.tab and zone1970.tab (zone, its countries) and of tzdata.zi (links); any of them may be empty.
    [[nodiscard]] static TimeZones parse(std::string_view zone_tab, std::string_view zone1970_tab,
                                         std::string_view tzdata_zi);

    /// The region of a zone or of a link to one; not known for Etc/UTC, EST5EDT and whatever else is no place.
    [[nodiscard]] Region region_of(std::string_view zone, const Continents& continents) const;

  private:
    std::map<std::string, std::string, std::less<>> countries_;
    std::map<std::string, std::string, std::less<>> links_;
};

/// The zone's name in a path below a zoneinfo folder, as /etc/localtime points to: "Asia/Kolkata". Empty where it has
/// none.
[[nodiscard]] std::string zone_of_path(std::string_view path);

}  // namespace ntpopt
