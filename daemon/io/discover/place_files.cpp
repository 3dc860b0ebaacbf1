// Implementation of place_files.hpp: bounded reads, everything else is core's.
#include "daemon/io/discover/place_files.hpp"

#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "common/text.hpp"
#include "daemon/core/select/leap.hpp"
#include "daemon/io/discover/own_entries.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;  // tzdata.zi has 110 KiB

Result<std::string> read_text(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return io_error("reading " + path, errno);
    std::string text(kMaxBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return io_error("reading " + path, errno);
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxBytes) return Error{Errc::io, path + " is larger than 1 MiB"};
    return text;
}

std::string read_or_empty(const std::string& path) {
    auto text = read_text(path);
    return text ? *std::move(text) : std::string();
}

std::string link_target(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const auto length = readlink(path.c_str(), target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) : std::string();
}

std::string final_target(const std::string& path) {
    const std::unique_ptr<char, decltype(&free)> target(realpath(path.c_str(), nullptr), free);
    return target ? target.get() : std::string();
}

/// Empty, with the fault, where it is missing or damaged.
template <typename Table>
Table read_table(const std::string& file, Status& fault) {
    const auto text = read_text(file);
    auto parsed = text ? Table::parse(*text) : Result<Table>(text.error());
    if (parsed) return *std::move(parsed);
    fault = text ? parsed.error().in(file) : text.error();
    return {};
}

}  // namespace

PlaceFiles::Known PlaceFiles::read() const {
    Known known;
    known.continents = read_table<Continents>(paths_.data_folder + "/pool_regions.toml", known.fault);
    known.catalogue = read_table<Catalogue>(paths_.data_folder + "/catalogue.toml", known.fault);
    auto own = read_own_entries(paths_.catalogue_folder, std::nullopt);
    known.catalogue.put_before(std::move(own.entries));
    if (!own.fault) known.fault = own.fault;
    return known;
}

Status PlaceFiles::load() {
    known_ = read();
    known_zone_.clear();
    return known_.fault;
}

Status PlaceFiles::reload() {
    auto now = read();
    if (!now.fault) return now.fault;
    known_ = std::move(now);
    known_zone_.clear();
    return {};
}

Region PlaceFiles::region(const DiscoveryConfig& config) const {
    if (config.region != "auto") {
        const auto given = parse_region(config.region);
        return given ? *given : Region{};
    }
    const auto now = zone();
    if (now == known_zone_) return known_region_;
    const auto zones =
        TimeZones::parse(read_or_empty(paths_.zoneinfo + "/zone.tab"), read_or_empty(paths_.zoneinfo + "/zone1970.tab"),
                         read_or_empty(paths_.zoneinfo + "/tzdata.zi"));
    known_region_ = zones.region_of(now, known_.continents);
    known_zone_ = now;
    return known_region_;
}

/// The link's own text comes first: what it leads to may be a link again, from an old name of the zone to another one.
std::string PlaceFiles::zone() const {
    for (const auto& path : {link_target(paths_.localtime), final_target(paths_.localtime)})
        if (auto name = zone_of_path(path); !name.empty()) return name;
    const auto text = read_or_empty(paths_.timezone);
    auto name = std::string(trim(text.substr(0, text.find('\n'))));
    return name.empty() ? told_zone_ : name;
}

std::vector<Address> PlaceFiles::own_addresses() const {
    std::vector<Address> addresses;
    ifaddrs* interfaces = nullptr;
    if (getifaddrs(&interfaces) != 0) return addresses;
    for (const auto* entry = interfaces; entry; entry = entry->ifa_next) {
        if (!entry->ifa_addr) continue;
        std::optional<Address> address;
        if (entry->ifa_addr->sa_family == AF_INET) {
            std::array<std::uint8_t, 4> octets{};
            std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr, octets.size());
            address = Address::v4(octets);
        } else if (entry->ifa_addr->sa_family == AF_INET6) {
            std::array<std::uint8_t, 16> octets{};
            std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr,
                        octets.size());
            address = Address::v6(octets);
        }
        if (address && !address->is_loopback()) addresses.push_back(*address);
    }
    freeifaddrs(interfaces);
    return addresses;
}

std::vector<double> PlaceFiles::leap_seconds() const {
    return parse_leap_seconds(read_or_empty(paths_.zoneinfo + "/leap-seconds.list"));
}

}  // namespace ntpopt
