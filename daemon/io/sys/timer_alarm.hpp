// The real alarm behind ports/alarm.hpp: a timer of the loop. It stands still while the machine sleeps, as every timer
// of Asio does; who must know of that hears of it from io/watch/sleep_watch.hpp.
#pragma once

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/ports/alarm.hpp"
#include "daemon/ports/clock.hpp"

namespace ntpopt {

class TimerAlarm final : public Alarm {
  public:
    /// The clock outlives it.
    TimerAlarm(boost::asio::any_io_executor executor, const Clock& clock)
        : timer_(std::move(executor)), clock_(clock) {}

    boost::asio::awaitable<void> wait_until(Duration since_boot) override {
        const auto left = std::max(since_boot - clock_.since_boot(), Duration::zero());
        timer_.expires_after(std::chrono::ceil<std::chrono::milliseconds>(left));
        boost::system::error_code ignored;
        auto token = boost::asio::redirect_error(boost::asio::use_awaitable, ignored);
        co_await timer_.async_wait(token);
    }

    void ring() override { timer_.cancel(); }

  private:
    boost::asio::steady_timer timer_;
    const Clock& clock_;
};

}  // namespace ntpopt
