// Leap seconds: when they are, and who must not handle them twice. Knows no files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/words.hpp"

namespace ntpopt {

/// The instants, in seconds since 1970, from the text of an IERS leap-seconds.list (NTP seconds and TAI-UTC a line).
/// Lines that make no sense are passed over, since the file belongs to the system; at most 1,000 are read.
[[nodiscard]] std::vector<double> parse_leap_seconds(std::string_view text);

/// Whether a leap second is due within the next 24 h or was within the last 24 h (RFC 8633 3.7.1: this is when servers
/// that smear and servers that do not tell different times).
[[nodiscard]] bool is_leap_window(const std::vector<double>& leap_seconds, double now_s);

/// What is wrong where the servers are to smear leap seconds and the service inserts them by itself as well
/// (`leap_source` is its leapsectz or leapseclist, empty where it has none); nothing where they agree.
[[nodiscard]] std::optional<std::string> find_leap_conflict(Timescale wanted, std::string_view leap_source);

}  // namespace ntpopt
