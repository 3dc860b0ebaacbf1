// Implementation of world.hpp.
#include "tests/fleet/world.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ntpopt::fleet {
namespace {

constexpr double kAlive = 0.95;

/// The zones that pool_zones offers a machine in Germany with Debian's configuration.
constexpr std::array<const char*, 3> kZones{"2.de.pool.ntp.org", "2.europe.pool.ntp.org", "2.debian.pool.ntp.org"};

}  // namespace

double chance(Random& random) {
    return static_cast<double>(random() >> 11) * 0x1p-53;
}

double Server::mean() const {
    return std::accumulate(packets.begin(), packets.end(), 0.0) / static_cast<double>(kMinutes);
}

World::World(const Catalogue& catalogue, std::size_t pool_members, std::uint64_t seed) {
    Random random(seed);
    for (const auto& candidate : catalogue.candidates())
        names_[candidate.endpoint.host.text()] = {add_server(true, random), add_server(false, random)};
    names_["ntp.office.example"] = {add_server(true, random)};
    for (const auto* zone : kZones)
        for (std::size_t i = 0; i < pool_members; ++i)
            zones_[zone].push_back(add_server(true, random));
}

/// Each in a network of its own (/24, /48), so that none counts as another's.
Address World::add_server(bool v4, Random& random) {
    const auto number = servers_.size();
    const auto high = static_cast<std::uint8_t>(number >> 8);
    const auto low = static_cast<std::uint8_t>(number & 0xff);
    const auto address = v4 ? Address::v4({20, high, low, 1})
                            : Address::v6({0x20, 0x01, 0x0d, 0xb8, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    Server server{.address = address};
    server.alive = chance(random) < kAlive;
    server.delay_s = 0.005 + 0.1 * chance(random) * chance(random);
    server.offset_s = 0.001 * (chance(random) - 0.5);
    servers_.emplace(address, server);
    return address;
}

Result<NameAnswer> World::lookup(const HostName& name, bool ipv6, Random& random) const {
    if (const auto zone = zones_.find(name.text()); zone != zones_.end()) {
        NameAnswer answer{.ttl_s = 150};
        std::sample(zone->second.begin(), zone->second.end(), std::back_inserter(answer.addresses), 4, random);
        return answer;
    }
    const auto known = names_.find(name.text());
    if (known == names_.end()) return Error{Errc::not_found, "the name does not exist"};
    NameAnswer answer{.addresses = known->second, .ttl_s = 300};
    if (!ipv6) std::erase_if(answer.addresses, [](const Address& address) { return !address.is_v4(); });
    return answer;
}

Server* World::find(const Address& address) {
    const auto found = servers_.find(address);
    return found == servers_.end() ? nullptr : &found->second;
}

void World::count(Server& server, Duration when) {
    if (when < kWarmUp || when >= kWarmUp + kWeek) return;
    ++server.packets.at(static_cast<std::size_t>((when - kWarmUp) / std::chrono::minutes(1)));
}

HeaderBytes World::answer(const Server& server, std::span<const std::uint8_t> request, Duration unix_now) {
    const auto asked = parse_packet(request);
    Packet packet;
    packet.version = 4;
    packet.mode = static_cast<std::uint8_t>(NtpMode::server);
    packet.stratum = 2;
    packet.poll = 6;
    packet.precision_log2 = -20;
    packet.root_delay = packet.root_dispersion = 0x40;  // 1 ms
    const auto& octets = server.address.octets();
    packet.refid = 0x0a000000U | static_cast<std::uint32_t>(octets[1] ^ octets[4]) << 16 |
                   static_cast<std::uint32_t>(octets[2] ^ octets[5]) << 8 | 1;
    const auto now = unix_now + from_seconds(server.offset_s);
    packet.reference = from_unix(now - std::chrono::seconds(30 + octets[2]));
    packet.origin = asked->transmit;
    packet.receive = from_unix(now);
    packet.transmit = from_unix(now + std::chrono::microseconds(20));
    return render_packet(packet);
}

double most_by_chance(double expected_packets, int packets_a_burst) {
    const double rate = expected_packets / packets_a_burst;
    if (rate <= 0) return 0;
    double below = 0;
    int bursts = -1;
    while (1 - below > 1e-9) {
        ++bursts;
        below += std::exp(bursts * std::log(rate) - rate - std::lgamma(bursts + 1.0));
    }
    return static_cast<double>(bursts) * packets_a_burst;
}

}  // namespace ntpopt::fleet
