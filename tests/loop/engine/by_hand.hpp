// Time that passes when a test lets it: hours in no time.
#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/ports/alarm.hpp"
#include "daemon/ports/clock.hpp"

namespace ntpopt::test {

class HandClock final : public Clock {
  public:
    Duration passed{};
    [[nodiscard]] RealTime now() const override { return RealTime(std::chrono::hours(500'000)) + passed; }
    [[nodiscard]] Duration since_boot() const override { return std::chrono::hours(1) + passed; }
    [[nodiscard]] double random() override { return 0.5; }
};

/// Nobody waits for real: the test asks until when, moves the clock, and rings.
class HandAlarm final : public Alarm {
  public:
    explicit HandAlarm(boost::asio::io_context& io) : timer_(io) {}
    std::optional<Duration> until;

    boost::asio::awaitable<void> wait_until(Duration since_boot) override {
        until = since_boot;
        timer_.expires_at(boost::asio::steady_timer::time_point::max());
        boost::system::error_code ignored;
        auto token = boost::asio::redirect_error(boost::asio::use_awaitable, ignored);
        co_await timer_.async_wait(token);
        until.reset();
    }
    void ring() override { timer_.cancel(); }

  private:
    boost::asio::steady_timer timer_;
};

}  // namespace ntpopt::test
