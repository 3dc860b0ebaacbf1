// The time servers and name servers of a simulated internet, as many clients see them: each server counts its packets
// by the minute and answers whoever asks. Servers do not feel each other's load, so clients may live their weeks one
// after the other.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/duration.hpp"
#include "common/host.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/discover/name_record.hpp"
#include "daemon/core/ntp/packet.hpp"

namespace ntpopt::fleet {

using Random = std::mt19937_64;

/// Evenly distributed in [0, 1).
[[nodiscard]] double chance(Random& random);

/// The simulated time: a day in which the fleet comes to be, then the week that counts.
inline constexpr Duration kWarmUp = std::chrono::days(2);
inline constexpr Duration kWeek = std::chrono::days(7);
inline constexpr std::size_t kMinutes = 7 * 24 * 60;

struct Server {
    Address address;
    bool alive = true;
    double delay_s = 0.02;
    double offset_s = 0;
    std::array<std::uint16_t, kMinutes> packets{};  ///< in each minute of the week

    [[nodiscard]] double mean() const;  ///< packets a minute over the week
};

class World {
  public:
    /// The names of the catalogue with an address of each family, and zones of `pool_members` servers each.
    World(const Catalogue& catalogue, std::size_t pool_members, std::uint64_t seed);

    /// What DNS says of a name; a pool's answer is another one each time.
    [[nodiscard]] Result<NameAnswer> lookup(const HostName& name, bool ipv6, Random& random) const;

    /// The server, or nullptr where nobody has this address.
    [[nodiscard]] Server* find(const Address& address);
    /// Counts a packet that reached the server at this time since the beginning.
    static void count(Server& server, Duration when);
    /// What the server answers; `unix_now` is true time.
    [[nodiscard]] static HeaderBytes answer(const Server& server, std::span<const std::uint8_t> request,
                                            Duration unix_now);

    [[nodiscard]] const std::map<Address, Server>& servers() const { return servers_; }

  private:
    Address add_server(bool v4, Random& random);

    std::map<Address, Server> servers_;
    std::map<std::string, std::vector<Address>, std::less<>> names_;
    std::map<std::string, std::vector<Address>, std::less<>> zones_;
};

/// The packets that chance alone (bursts that come independently of each other, so many packets expected) exceeds in
/// one of 10^9 bins: a week of a hundred servers has 10^6 bins, so it breaks a rule in one of a thousand runs.
[[nodiscard]] double most_by_chance(double expected_packets, int packets_a_burst);

}  // namespace ntpopt::fleet
