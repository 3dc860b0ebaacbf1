// Implementation of bus_pump.hpp.
#include "daemon/io/bus/bus_pump.hpp"

#include <poll.h>

#include <chrono>
#include <cstdint>

#include <boost/asio/post.hpp>

namespace ntpopt {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

/// A busy bus must not starve timers and sockets: after so many messages the others get their turn.
constexpr int kMessagesPerTurn = 64;

}  // namespace

BusPump::BusPump(boost::asio::io_context& io, sdbus::IConnection& connection, OnLost on_lost)
    : io_(io),
      connection_(connection),
      on_lost_(std::move(on_lost)),
      descriptor_(io, connection.getEventLoopPollData().fd),
      timer_(io) {
    kick();
}

BusPump::~BusPump() {
    *alive_ = false;
    // The descriptor belongs to the connection, which closes it.
    descriptor_.release();
}

void BusPump::kick() {
    if (kicked_ || lost_) return;
    kicked_ = true;
    boost::asio::post(io_, [this, alive = alive_] {
        if (!*alive) return;
        kicked_ = false;
        turn();
    });
}

void BusPump::turn() {
    if (lost_) return;
    ++turns_;
    try {
        for (int i = 0; i < kMessagesPerTurn; ++i) {
            // While the bus does not take our answers no further call is taken in: else a caller that asks for large
            // answers faster than they leave would fill our memory.
            if (is_blocked() || !connection_.processPendingRequest()) return arm();
        }
        kick();
    } catch (const std::exception& e) {
        lose(e.what());
    }
}

bool BusPump::is_blocked() const {
    const auto poll_data = connection_.getEventLoopPollData();
    if ((poll_data.events & POLLOUT) == 0) return false;
    pollfd probe{poll_data.fd, POLLOUT, 0};
    return ::poll(&probe, 1, 0) == 0;
}

void BusPump::arm() {
    const auto poll_data = connection_.getEventLoopPollData();
    if ((poll_data.events & POLLOUT) != 0) return wait_for(Descriptor::wait_write, writing_);
    wait_for(Descriptor::wait_read, reading_);
    set_timer(poll_data.timeout_usec);
}

void BusPump::wait_for(Descriptor::wait_type what, bool& waiting) {
    if (waiting) return;
    waiting = true;
    descriptor_.async_wait(what, [this, &waiting, alive = alive_](boost::system::error_code error) {
        if (!*alive) return;
        waiting = false;
        if (error) return lose(error.message());
        turn();
    });
}

void BusPump::set_timer(std::uint64_t timeout_usec) {
    if (timer_usec_ == timeout_usec) return;
    timer_usec_.reset();
    timer_.cancel();
    if (timeout_usec == UINT64_MAX) return;
    if (timeout_usec == 0) return kick();
    // sd-bus counts CLOCK_MONOTONIC from its epoch, which is what steady_clock is.
    timer_usec_ = timeout_usec;
    timer_.expires_at(std::chrono::steady_clock::time_point(std::chrono::microseconds(timeout_usec)));
    timer_.async_wait([this, alive = alive_](boost::system::error_code error) {
        if (error || !*alive) return;
        timer_usec_.reset();
        turn();
    });
}

void BusPump::lose(std::string why) {
    if (lost_) return;
    lost_ = true;
    timer_.cancel();
    on_lost_({Errc::unavailable, "the bus is lost: " + why});
}

}  // namespace ntpopt
