// Tells when the machine woke from sleep, or when somebody stepped its clock, without a timer that ticks and without
// trusting anybody's signal: a timerfd that the kernel cancels when the real-time clock is set (timerfd_create(2)).
#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace ntpopt {

/// How long the machine has slept since boot: CLOCK_BOOTTIME minus CLOCK_MONOTONIC.
[[nodiscard]] Duration time_asleep();

class SleepWatch {
  public:
    /// `on_resume` gets how long the machine slept; `on_clock_set` is for a step of the clock without sleep. Tests say
    /// themselves how long it slept since boot.
    SleepWatch(boost::asio::io_context& io, std::function<void(Duration)> on_resume, std::function<void()> on_clock_set,
               std::function<Duration()> asleep = time_asleep);

    [[nodiscard]] Status start();
    void stop();

    /// The timer woke us, since the clock was `set` or not: calls back for what happened since the last look.
    void look(bool set);

  private:
    void arm();
    void wait();

    boost::asio::posix::stream_descriptor timer_;
    std::function<void(Duration)> on_resume_;
    std::function<void()> on_clock_set_;
    std::function<Duration()> asleep_;
    Duration seen_{};  ///< of what asleep_ says, at the last look
};

}  // namespace ntpopt
