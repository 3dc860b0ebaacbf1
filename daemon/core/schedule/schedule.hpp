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

/// Triggered rounds that may run above the schedule's, refilled by four a day.
inline constexpr double kMostTokens = 4;

/// What is known of the rounds of earlier lives.
struct PastRounds {
    std::optional<Duration> since_last{};  ///< how long ago the last one began; nothing: there was none
    bool cut_short = false;                ///< it never ended, because the process did
    int useless = 0;                       ///< useless ones in a row, the last among them
    double tokens = kMostTokens;           ///< when the last one began
};

class Schedule {
  public:
    /// `machine` gives every machine a phase of its own in the interval.
    Schedule(ScheduleConfig config, std::uint64_t machine);

    /// The process began. Whatever calls for a round, none comes before the boot delay and a random part of up to 8 min
    /// (none where the delay is 0). That part is 15 % of the interval where the machine was booted just now and has a
    /// set of servers from before: a power cut may have hit a fleet, and nothing is urgent. A round that the end of an
    /// earlier process cut short counts as a useless one, and as 65 min of rest for whoever it asked, which no trigger
    /// breaks. `chance` is evenly distributed in [0, 1), here and below.
    void start(Duration now, const PastRounds& past, double chance);

    /// New settings; the next round moves with them, never into the past.
    void configure(ScheduleConfig config, Duration now);

    /// A round ended. After a useless one the next comes after 30 min, then 1 h, doubling up to the interval.
    void finished(Duration now, bool useful, double chance);

    /// Something happened. The round comes after a settling time of 15 to 45 s; at most one such round in 10 min and,
    /// on the average, four a day above that. A round that is due already, since the machine slept over its time, also
    /// waits until the network has settled, four times at the most. False where the event is damped away.
    bool trigger(Trigger trigger, Duration now, double chance);

    /// When the next round is due, on the clock of `now`.
    [[nodiscard]] Duration next() const { return next_; }
    /// Why: "schedule", "boot", "retry" or a trigger's name.
    [[nodiscard]] std::string_view reason() const { return reason_; }

    /// For PastRounds of a later life.
    [[nodiscard]] int useless() const { return useless_; }
    [[nodiscard]] double tokens() const { return tokens_; }

  private:
    [[nodiscard]] Duration phase() const;
    [[nodiscard]] Duration splayed(double chance) const;
    [[nodiscard]] Duration retry_wait() const;
    void plan(Duration at, std::string_view reason);

    ScheduleConfig config_;
    std::uint64_t machine_;
    Duration next_{};
    std::string_view reason_ = "schedule";
    int useless_ = 0;                     ///< rounds in a row
    int put_off_ = 0;                     ///< how often the round that is due was
    std::optional<Duration> last_round_;  ///< when the last one ended, also one of an earlier life
    bool phased_ = false;                 ///< the phase was taken once
    Duration earliest_{};                 ///< of this life's rounds
    double tokens_ = kMostTokens;         ///< triggered rounds that may still run
    Duration tokens_at_{};
};

}  // namespace ntpopt
