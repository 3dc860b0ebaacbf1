// The real clock and the kernel's random numbers behind ports/clock.hpp. Reads time; never sets it.
#pragma once

#include "daemon/ports/clock.hpp"

namespace ntpopt {

class SystemClock final : public Clock {
  public:
    [[nodiscard]] RealTime now() const override;
    [[nodiscard]] Duration since_boot() const override;
    [[nodiscard]] double random() override;
};

}  // namespace ntpopt
