// Time and chance for the engine, so that tests can hold both still.
#pragma once

#include <cstdint>

#include "common/duration.hpp"
#include "common/time_text.hpp"

namespace ntpopt {

class Clock {
  public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual RealTime now() const = 0;
    /// The same in seconds since 1970, as decisions count.
    [[nodiscard]] double now_s() const { return to_seconds(now().time_since_epoch()); }
    /// Since boot, including time asleep; never steps.
    [[nodiscard]] virtual Duration since_boot() const = 0;
    /// Evenly distributed in [0, 1).
    [[nodiscard]] virtual double random() = 0;
};

}  // namespace ntpopt
