// Points in time as text: ISO 8601 in UTC, with milliseconds, as every JSON document of ours carries them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/error.hpp"

namespace ntpopt {

using RealTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// "2026-11-22T11:46:05.123Z".
[[nodiscard]] std::string render_time(RealTime time);

/// Reads what render_time() writes; the fraction may have 0 to 9 digits. Years 1970 to 2261.
[[nodiscard]] Result<RealTime> parse_time(std::string_view text);

/// Microseconds since 1970 as D-Bus properties carry them; 0 stands for never.
[[nodiscard]] std::uint64_t to_usec(RealTime time);
[[nodiscard]] RealTime from_usec(std::uint64_t usec);

}  // namespace ntpopt
