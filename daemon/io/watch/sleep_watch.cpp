// Implementation of sleep_watch.hpp.
#include "daemon/io/watch/sleep_watch.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/io/sys/kernel_clock.hpp"

namespace ntpopt {
namespace {

constexpr Duration kRealSleep = std::chrono::seconds(1);

}  // namespace

Duration time_asleep() {
    return read_kernel_clock(CLOCK_BOOTTIME) - read_kernel_clock(CLOCK_MONOTONIC);
}

SleepWatch::SleepWatch(boost::asio::io_context& io, std::function<void(Duration)> on_resume,
                       std::function<void()> on_clock_set, std::function<Duration()> asleep)
    : timer_(io),
      on_resume_(std::move(on_resume)),
      on_clock_set_(std::move(on_clock_set)),
      asleep_(std::move(asleep)),
      seen_(asleep_()) {}

Status SleepWatch::start() {
    const int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) return io_error("creating a timerfd", errno);
    timer_.assign(fd);
    seen_ = asleep_();
    arm();
    wait();
    return {};
}

void SleepWatch::stop() {
    boost::system::error_code ignored;
    timer_.close(ignored);
}

/// The expiry lies beyond every uptime: only a change of the clock ends the wait.
void SleepWatch::arm() {
    itimerspec never{};
    never.it_value.tv_sec = 100LL * 365 * 86400 + read_kernel_clock(CLOCK_REALTIME) / std::chrono::seconds(1);
    timerfd_settime(timer_.native_handle(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, nullptr);
}

void SleepWatch::wait() {
    timer_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
        if (error) return;
        std::uint64_t expirations = 0;
        const bool set = read(timer_.native_handle(), &expirations, sizeof expirations) < 0 && errno == ECANCELED;
        arm();
        look(set);
        wait();
    });
}

void SleepWatch::look(bool set) {
    const auto slept = asleep_() - seen_;
    seen_ += slept;
    if (slept > kRealSleep)
        on_resume_(slept);
    else if (set)
        on_clock_set_();
}

}  // namespace ntpopt
