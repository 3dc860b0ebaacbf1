// Implementation of notify.hpp on libsystemd.
#include "daemon/io/sys/notify.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>
#include <string>

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
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
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
