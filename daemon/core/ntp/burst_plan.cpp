// Implementation of burst_plan.hpp.
#include "daemon/core/ntp/burst_plan.hpp"

#include <algorithm>

#include "daemon/core/ntp/send_gate.hpp"

namespace ntpopt {

BurstPlan plan_burst(const Address& server, const ProbeConfig& config, double chance) {
    const bool loopback = server.is_loopback();
    BurstPlan plan;
    plan.requests = config.samples;
    plan.spacing = loopback ? config.spacing : std::max(config.spacing, kGuardTime);
    plan.timeout = config.timeout;
    plan.phase = from_seconds(to_seconds(plan.spacing) * chance / (loopback ? 20 : 4));
    return plan;
}

}  // namespace ntpopt
