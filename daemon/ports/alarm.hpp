// Waiting for the engine, so that a test can let a week pass in a second. The real one is io/sys/timer_alarm.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"

namespace ntpopt {

class Alarm {
  public:
    virtual ~Alarm() = default;

    /// Returns at this time since boot, as ports/clock.hpp counts it, or when it is rung; at once where that is past.
    /// One waits at a time.
    virtual boost::asio::awaitable<void> wait_until(Duration since_boot) = 0;

    /// Wakes who waits; nothing is kept for who waits later.
    virtual void ring() = 0;
};

}  // namespace ntpopt
