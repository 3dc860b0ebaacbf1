// Implementation of notify.hpp on libsystemd.
#include "daemon/io/sys/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cstdint>
#include <string>

#include "daemon/io/sys/kernel_clock.hpp"

namespace ntpopt::notify {
namespace {

void send(const std::string& message) {
    sd_notify(0, message.c_str());
}

}  // namespace

void ready(std::string_view text) {
    send(fmt::format("READY=1\nSTATUS={}", text));
}

void status(std::string_view text) {
    send(fmt::format("STATUS={}", text));
}

void reloading() {
    const auto now = std::chrono::floor<std::chrono::microseconds>(read_kernel_clock(CLOCK_MONOTONIC));
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

void stopping(std::string_view text) {
    send(fmt::format("STOPPING=1\nSTATUS={}", text));
}

void watchdog() {
    send("WATCHDOG=1");
}

std::optional<Duration> watchdog_period() {
    std::uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) <= 0 || usec == 0) return std::nullopt;
    return std::chrono::microseconds(usec / 2);
}

}  // namespace ntpopt::notify
