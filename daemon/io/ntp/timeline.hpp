// The common timeline of one round: CLOCK_MONOTONIC_RAW, tied to CLOCK_REALTIME once, so that neither a step nor a slew
// of the clock during the round looks like jitter of a server or like an offset between servers. Never sets a clock.
#pragma once

#include <functional>
#include <optional>

#include "common/duration.hpp"

namespace ntpopt {

/// The machine's clocks, read at the same moment, or as near to it as the kernel let us.
struct ClockReading {
    Duration raw{};     ///< CLOCK_MONOTONIC_RAW
    Duration real{};    ///< CLOCK_REALTIME
    Duration steady{};  ///< CLOCK_MONOTONIC: as CLOCK_REALTIME, but never stepped
    Duration asleep{};  ///< CLOCK_BOOTTIME minus CLOCK_MONOTONIC: all time spent suspended
    Duration width{};   ///< how far apart the readings may lie
};
using ClockReader = std::function<ClockReading()>;

/// The tightest of a few bracketed readings.
[[nodiscard]] ClockReading read_clocks();

class Timeline {
  public:
    /// Zero is now. Tests pass clocks of their own.
    explicit Timeline(ClockReader reader = read_clocks);

    /// Time since zero.
    [[nodiscard]] Duration now() const;
    /// CLOCK_REALTIME at zero, by the only reading of it that counts; another one after a suspend.
    [[nodiscard]] Duration unix_at_zero() const;

    /// When something happened that the kernel stamped with CLOCK_REALTIME. Nothing where the clock may have been set
    /// between the stamp and this call, so that the stamp means nothing.
    [[nodiscard]] std::optional<Duration> when(Duration kernel_stamp);

    /// By how much CLOCK_REALTIME was ahead of the timeline at `t`, in seconds, because the kernel disciplines the one
    /// and not the other; steps left out. A line through what was seen since the timeline was tied to the world, so it
    /// adds no jitter; zero while the clock is slewed faster than any oscillator is wrong, when there is no such line.
    [[nodiscard]] double drift_s(Duration t) const;

    /// True once after each suspend of the machine, during which CLOCK_MONOTONIC_RAW stood still: the timeline has been
    /// tied to the world anew, and what was measured before belongs to another one.
    [[nodiscard]] bool resumed();

  private:
    ClockReading read();

    ClockReader reader_;
    ClockReading zero_;
    Duration tied_{};  ///< when zero_.real was read
    ClockReading last_;
    Duration trusted_since_{};  ///< kernel stamps from before this may be of a clock that was set since
};

}  // namespace ntpopt
