// How many packets leave the machine in a second, whatever the number of servers. First come, first served, and since
// each server asks for one packet at a time, none can starve another. Pure arithmetic; who asks does the waiting.
#pragma once

#include <algorithm>

#include "common/duration.hpp"

namespace ntpopt {

class Pacer {
  public:
    /// `rate` in packets a second; anything below one in ten seconds counts as that.
    explicit Pacer(double rate) : gap_(from_seconds(1 / std::max(rate, 0.1))) {}

    /// The moment at which the next packet may leave, now or later; it is taken by this call.
    [[nodiscard]] Duration reserve(Duration now) {
        const auto slot = std::max(now, free_);
        free_ = slot + gap_;
        return slot;
    }

  private:
    Duration gap_;
    Duration free_{};
};

}  // namespace ntpopt
