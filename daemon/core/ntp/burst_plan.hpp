// How politely a server is asked: how many requests, how far apart, and when the first one leaves.
#pragma once

#include "common/host.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/ntp/burst.hpp"

namespace ntpopt {

/// Spacing is never below the guard time, and the first packet leaves after a random part of a quarter of it, so that
/// many machines stay apart. Neither binds loopback servers: a twentieth of the spacing keeps a sweep over them close
/// to its shortest possible time. `chance` is evenly distributed in [0, 1). What else must wait is send_gate.hpp's
/// business.
[[nodiscard]] BurstPlan plan_burst(const Address& server, const ProbeConfig& config, double chance);

}  // namespace ntpopt
