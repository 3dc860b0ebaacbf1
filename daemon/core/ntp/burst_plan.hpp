// How politely a server is asked: how many requests, how far apart, and when the first one leaves.
#pragma once

#include "common/host.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/ntp/burst.hpp"

namespace ntpopt {

/// Between two packets to one server (RFC 5905 13 spaces a burst so; servers limit what is faster).
inline constexpr Duration kGuardTime = std::chrono::seconds(2);

/// Spacing is never below the guard time, and the first packet leaves after a random part of a quarter of it, so that
/// many machines stay apart. `quiet` is how long nothing may be sent because of what an earlier burst sent. None of
/// this binds loopback servers: a twentieth of the spacing keeps a sweep over them close to its shortest possible time.
/// `chance` is evenly distributed in [0, 1).
[[nodiscard]] BurstPlan plan_burst(const Address& server, const ProbeConfig& config, Duration quiet, double chance);

}  // namespace ntpopt
