// Names and rules of the NTP Pool for pool_zones.hpp.
#include "daemon/core/discover/pool_zones.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::string_view kPool = "pool.ntp.org";
constexpr std::string_view kBelowPool = ".pool.ntp.org";
constexpr std::size_t kLeastGroups = 4;

bool is_number(std::string_view label) {
    return label.size() == 1 && label.front() >= '0' && label.front() <= '9';
}

/// "debian" for "2.debian.pool.ntp.org"; empty where the name is none of the pool's, or the whole pool.
std::string_view zone_label(std::string_view name) {
    if (!name.ends_with(kBelowPool)) return {};
    name.remove_suffix(kBelowPool.size());
    if (const auto dot = name.find('.'); dot != std::string_view::npos && is_number(name.substr(0, dot)))
        name.remove_prefix(dot + 1);
    return is_number(name) ? std::string_view() : name;
}

Candidate pool(std::string name, std::string region) {
    auto host = HostName::parse(name);
    // Country codes and continents were validated; a name of our own making that is none would be a bug.
    Candidate candidate{.endpoint = {host.value()}, .source = CandidateSource::pool_zone, .pool = true};
    candidate.regional = !region.empty();
    candidate.region = std::move(region);
    candidate.timescale = is_pool_zone(name) ? Timescale::utc : Timescale::unknown;
    return candidate;
}

std::string numbered(std::string_view zone) {
    const auto first = zone.substr(0, zone.find('.'));
    if (!is_pool_zone(zone) || is_number(first)) return std::string(zone);
    return "2." + std::string(zone);
}

/// The pool says "uk" where ISO 3166 says "gb".
std::string country_label(const std::string& country) {
    return country == "gb" ? "uk" : country;
}

}  // namespace

bool is_pool_zone(std::string_view name) {
    return name == kPool || name.ends_with(kBelowPool);
}

std::string find_vendor_zone(const std::vector<std::string>& configured_names) {
    for (const auto& raw : configured_names) {
        const auto name = to_lower(raw);
        const auto label = zone_label(name);
        if (label.size() <= 2 || parse_region(label)) continue;  // two letters: a country
        const auto zone = std::string(label) + std::string(kBelowPool);
        if (HostName::parse(zone)) return zone;
    }
    return {};
}

std::vector<Candidate> pool_zone_candidates(const Region& here, std::string_view zone) {
    std::vector<Candidate> out;
    if (!here.country.empty())
        out.push_back(pool("2." + country_label(here.country) + std::string(kBelowPool), here.text()));
    if (here.known()) out.push_back(pool("2." + here.continent + std::string(kBelowPool), here.continent));
    if (zone == "none") return out;
    out.push_back(pool(numbered(zone.empty() ? kPool : zone), ""));
    return out;
}

bool is_sparse_zone(const std::vector<Address>& answer) {
    std::vector<Address> networks[2];
    for (const auto& address : answer) {
        auto& seen = networks[address.is_v4() ? 0 : 1];
        const unsigned bits = address.is_v4() ? 24 : 48;
        const auto same = [&](const Address& other) { return other.shares_prefix(address, bits); };
        if (std::none_of(seen.begin(), seen.end(), same)) seen.push_back(address);
    }
    return std::max(networks[0].size(), networks[1].size()) < kLeastGroups;
}

std::string wider_zone(const Candidate& candidate) {
    const auto slash = candidate.region.find('/');
    if (candidate.source != CandidateSource::pool_zone || slash == std::string::npos) return {};
    return "2." + candidate.region.substr(0, slash) + std::string(kBelowPool);
}

}  // namespace ntpopt
