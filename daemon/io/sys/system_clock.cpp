// Implementation of system_clock.hpp on kernel_clock.hpp and getrandom(2).
#include "daemon/io/sys/system_clock.hpp"

#include <sys/random.h>

#include "daemon/io/sys/kernel_clock.hpp"

namespace ntpopt {

RealTime SystemClock::now() const {
    return RealTime(read_kernel_clock(CLOCK_REALTIME));
}

Duration SystemClock::since_boot() const {
    return read_kernel_clock(CLOCK_BOOTTIME);
}

double SystemClock::random() {
    std::uint64_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
    }
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace ntpopt
