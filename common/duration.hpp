// Durations as people write them ("6h", "2min", "500ms", "90d") to and from std::chrono. Spans systemd.time(7)'s units
// up to weeks; not its calendar forms.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/error.hpp"

namespace ntpopt {

using Duration = std::chrono::nanoseconds;

/// Parses one or more "NUMBER UNIT" parts ("1h 30min", "2.5s"); units ns us ms s sec min m h d w. A bare "0" is
/// allowed, any other bare number is an error. Never negative; at most ten years.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// The shortest exact form, largest unit first: "6h", "1h 30min", "500ms", "0".
[[nodiscard]] std::string render_duration(Duration duration);

[[nodiscard]] constexpr double to_seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}
[[nodiscard]] constexpr Duration from_seconds(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace ntpopt
