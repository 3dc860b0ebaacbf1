// One reading of a clock of the kernel. What the readings mean is the callers' business.
#pragma once

#include <time.h>

#include "common/duration.hpp"

namespace ntpopt {

/// The time of clock `id` (CLOCK_REALTIME, CLOCK_BOOTTIME, ...) since its own beginning; clock_gettime(2) cannot fail for
/// the clocks that Linux has.
[[nodiscard]] inline Duration read_kernel_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace ntpopt
