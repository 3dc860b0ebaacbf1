// Implementation of system_clock.hpp on clock_gettime(2) and getrandom(2).
#include "daemon/io/sys/system_clock.hpp"

#include <sys/random.h>
#include <time.h>

namespace ntpopt {
namespace {

Duration read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

RealTime SystemClock::now() const {
    return RealTime(read_clock(CLOCK_REALTIME));
}

Duration SystemClock::since_boot() const {
    return read_clock(CLOCK_BOOTTIME);
}

double SystemClock::random() {
    std::uint64_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
    }
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace ntpopt
