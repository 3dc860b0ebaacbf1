// Implementation of send_gate.hpp.
#include "daemon/core/ntp/send_gate.hpp"

#include <algorithm>

namespace ntpopt {

void SendGate::pace(double rate, Duration now) {
    gap_ = from_seconds(1 / std::max(rate, 0.1));
    free_ = now;
    std::erase_if(left_, [now](const auto& one) { return one.second + kGuardTime <= now; });
}

Duration SendGate::ask(const Address& to, Turn& turn, Duration now) {
    if (to.is_loopback()) return now;
    const auto last = left_.find(to);
    if (const auto open = (last == left_.end() ? made_ : last->second) + kGuardTime; open > now) {
        turn.reset();  // what was not used is not saved up
        return open;
    }
    if (!turn) {
        turn = std::max(now, free_);
        free_ = *turn + gap_;
    }
    if (*turn > now) return *turn;
    turn.reset();
    left_[to] = now;
    return now;
}

}  // namespace ntpopt
