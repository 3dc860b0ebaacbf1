// When the next round runs. Pure: time (since boot, so that no step of the clock matters) and chance come in. Spreads a
// fleet over the interval, backs off after failures, and damps what happens in between, so that no storm results.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/duration.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

/// What may call for a round before its time.
enum class Trigger {
    network_changed,   ///< another default route
    resumed,           ///< woke from sleep
    unsynchronised,    ///< the NTP service lost its source
    sources_dead,      ///< none of its sources answers
    service_restarted  ///< and could not be brought back to what was committed
};

[[nodiscard]] std::string_view name_of(Trigger trigger);

class Schedule {
  public:
    /// `machine` gives every machine a phase of its own in the interval.
    Schedule(ScheduleConfig config, std::uint64_t machine);

    /// The process began. `since_last`: how long ago the last round was, nothing where there was none. A first round,
    /// or one that fell due meanwhile, waits for the boot delay and a random part of up to 8 min (none where the delay
    /// is 0); otherwise the machine's phase decides. `chance` is evenly distributed in [0, 1), here and below.
    void start(Duration now, std::optional<Duration> since_last, double chance);

    /// New settings; the next round moves with them, never into the past.
    void configure(ScheduleConfig config, Duration now);

    /// A round ended. After a useless one the next comes after 30 min, then 1 h, doubling up to the interval.
    void finished(Duration now, bool useful, double chance);

    /// Something happened. The round comes after a settling time of 15 to 45 s; at most one such round in 10 min and,
    /// on the average, four a day above that. False where the event is damped away.
    bool trigger(Trigger trigger, Duration now, double chance);

    /// When the next round is due, on the clock of `now`.
    [[nodiscard]] Duration next() const { return next_; }
    /// Why: "schedule", "boot", "retry" or a trigger's name.
    [[nodiscard]] std::string_view reason() const { return reason_; }

  private:
    [[nodiscard]] Duration phase() const;
    [[nodiscard]] Duration splayed(double chance) const;
    void plan(Duration at, std::string_view reason);

    ScheduleConfig config_;
    std::uint64_t machine_;
    Duration next_{};
    std::string_view reason_ = "schedule";
    int useless_ = 0;                     ///< rounds in a row
    std::optional<Duration> last_round_;  ///< when the last one ended, also one of an earlier life
    bool phased_ = false;                 ///< the phase was taken once
    double tokens_ = 4;                   ///< triggered rounds that may still run
    Duration tokens_at_{};
};

}  // namespace ntpopt
