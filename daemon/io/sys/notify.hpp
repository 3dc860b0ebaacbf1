// What the service manager hears from us (sd_notify(3)): readiness, status, reloads, the watchdog. Silent where no
// service manager listens.
#pragma once

#include <optional>
#include <string_view>

#include "common/duration.hpp"

namespace ntpopt::notify {

void ready(std::string_view status);
void status(std::string_view text);
/// Brackets a reload as Type=notify-reload expects: RELOADING=1 with the monotonic time, then ready() again.
void reloading();
void stopping(std::string_view status);
void watchdog();

/// How often watchdog() must be called, half of WatchdogSec=; nothing where no watchdog runs.
[[nodiscard]] std::optional<Duration> watchdog_period();

}  // namespace ntpopt::notify
