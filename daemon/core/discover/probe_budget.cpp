// Implementation of probe_budget.hpp.
#include "daemon/core/discover/probe_budget.hpp"

namespace ntpopt {

bool ProbeBudget::take(const Address& address, std::uint16_t port) {
    if (taken_.contains({address, port})) return true;
    const auto other = taken_.lower_bound({address, 0});
    const bool elsewhere = other != taken_.end() && other->first == address && !address.is_loopback();
    if (elsewhere || is_full()) return false;
    taken_.emplace(address, port);
    return true;
}

}  // namespace ntpopt
