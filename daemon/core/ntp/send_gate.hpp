// When a packet may leave the machine: never two to one address within the guard time, whichever port or round they
// belong to, and only so many a second in all. Pure arithmetic; who asks does the waiting. Times are on any one steady
// clock.
#pragma once

#include <map>
#include <optional>

#include "common/duration.hpp"
#include "common/host.hpp"

namespace ntpopt {

/// Between two packets to one server (RFC 5905 13 spaces a burst so; servers limit what is faster).
inline constexpr Duration kGuardTime = std::chrono::seconds(2);

class SendGate {
  public:
    /// An earlier process may have sent something to anybody just before `now`.
    explicit SendGate(Duration now) : made_(now) {}

    /// From now on at most `rate` packets a second; anything below one in ten seconds counts as that.
    void pace(double rate, Duration now);

    /// The place in the line of somebody who wants to send one packet.
    using Turn = std::optional<Duration>;

    /// Not after `now`: the packet is to leave at once, and the gate counts it. Otherwise the moment to ask again.
    /// First come, first served; since each server asks for one packet at a time, none can starve another. Loopback
    /// servers are always let through.
    [[nodiscard]] Duration ask(const Address& to, Turn& turn, Duration now);

  private:
    Duration made_;
    Duration gap_{};
    Duration free_{};                   ///< nobody has the line's places from here on
    std::map<Address, Duration> left_;  ///< when the last packet to each address left
};

}  // namespace ntpopt
