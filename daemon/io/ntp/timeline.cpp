// Implementation of timeline.hpp on the kernel's clocks.
#include "daemon/io/ntp/timeline.hpp"

#include "daemon/io/sys/kernel_clock.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr int kAttempts = 3;
// The clock may run differently from the raw oscillator by what adjtimex(2) allows in frequency and slewing; more is a
// step (or a slew so fast that stamps are better distrusted).
constexpr auto kMaxRateDifference = 1000;  // one part in
constexpr Duration kMinStep = 20us;
// The kernel corrects an oscillator by at most 500 ppm (adjtimex(2)). Below half a second the readings are too coarse
// to tell.
constexpr auto kMaxRateError = 2000;  // one part in
constexpr Duration kMinElapsed = 500ms;
constexpr Duration kMinSuspend = 1ms;

}  // namespace

ClockReading read_clocks() {
    ClockReading best;
    best.width = Duration::max();
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        ClockReading reading;
        const auto before = read_kernel_clock(CLOCK_MONOTONIC_RAW);
        reading.real = read_kernel_clock(CLOCK_REALTIME);
        const auto middle = read_kernel_clock(CLOCK_MONOTONIC_RAW);
        const auto boot = read_kernel_clock(CLOCK_BOOTTIME);
        reading.steady = read_kernel_clock(CLOCK_MONOTONIC);
        reading.asleep = boot - reading.steady;
        reading.width = read_kernel_clock(CLOCK_MONOTONIC_RAW) - before;
        reading.raw = before + (middle - before) / 2;
        if (reading.width < best.width) best = reading;
    }
    return best;
}

Timeline::Timeline(ClockReader reader) : reader_(std::move(reader)), zero_(reader_()), last_(zero_) {}

Duration Timeline::now() const {
    return reader_().raw - zero_.raw;
}

Duration Timeline::unix_at_zero() const {
    return zero_.real;
}

ClockReading Timeline::read() {
    const auto reading = reader_();
    const auto elapsed = reading.raw - last_.raw;
    const auto moved = (reading.real - reading.raw) - (last_.real - last_.raw);
    const auto possible = kMinStep + elapsed / kMaxRateDifference + reading.width + last_.width;
    if (std::chrono::abs(moved) > possible) trusted_since_ = reading.raw - zero_.raw;
    last_ = reading;
    return reading;
}

std::optional<Duration> Timeline::when(Duration kernel_stamp) {
    const auto reading = read();
    const auto present = reading.raw - zero_.raw;
    const auto happened = present - (reading.real - kernel_stamp);
    // The two clocks are read a moment apart, so a stamp of just now may seem to lie ahead by that.
    if (happened > present + reading.width || happened < trusted_since_) return std::nullopt;
    return happened;
}

double Timeline::drift_s(Duration t) const {
    const auto reading = reader_();
    const auto elapsed = reading.raw - zero_.raw;
    if (elapsed < kMinElapsed) return 0;
    const auto ahead = (reading.steady - zero_.steady) - elapsed;
    if (std::chrono::abs(ahead) > elapsed / kMaxRateError) return 0;
    return to_seconds(t - tied_) * (to_seconds(ahead) / to_seconds(elapsed));
}

bool Timeline::resumed() {
    const auto slept = zero_.asleep;
    const auto reading = read();
    if (reading.asleep - slept <= kMinSuspend + reading.width + zero_.width) return false;
    // The same zero on the raw clock, another moment in the world.
    zero_.real = reading.real - (reading.raw - zero_.raw);
    zero_.asleep = reading.asleep;
    tied_ = reading.raw - zero_.raw;
    trusted_since_ = tied_;
    return true;
}

}  // namespace ntpopt
