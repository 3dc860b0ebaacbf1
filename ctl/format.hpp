// Values of documents as people read them. Everything that a daemon sent passes through here, so that no control
// character reaches a terminal.
#pragma once

#include <string>
#include <string_view>

#include "common/duration.hpp"
#include "common/json.hpp"
#include "common/time_text.hpp"

namespace ntpopt::ctl {

/// The text under a key, printable; "" where there is none.
[[nodiscard]] std::string text_of(const Json& object, std::string_view key);

/// The number under a key with so many decimals ("-" where there is none), with its sign where `sign`.
[[nodiscard]] std::string number_of(const Json& object, std::string_view key, int decimals, bool sign = false);

/// Texts of a list, joined; `none` for an empty one.
[[nodiscard]] std::string joined(const Json& list, std::string_view separator, std::string_view none = "");

/// A point in time in local time, "Fri 2026-01-02 03:04:05 UTC".
[[nodiscard]] std::string local_time(RealTime time);

/// Now; $SOURCE_DATE_EPOCH where that is set, as for everything that is to come out the same twice.
[[nodiscard]] RealTime present();

/// The same without the weekday, seconds and zone, for where there is little room.
[[nodiscard]] std::string brief_time(RealTime time);
/// brief_time() of the ISO 8601 text under a key; "" for none.
[[nodiscard]] std::string brief_time_of(const Json& object, std::string_view key);

/// The ISO 8601 text under a key in local time, with "2h ago" or "in 2h" behind where `now` is given; "" for none.
[[nodiscard]] std::string time_of(const Json& object, std::string_view key, const RealTime* now);

/// The two largest units of a span: "2h 5min".
[[nodiscard]] std::string rough(Duration span);

/// Seconds as "4.3 s".
[[nodiscard]] std::string seconds_of(const Json& object, std::string_view key);

/// Milliseconds in the unit that suits: "12 us", "1.50 ms", "3.2 s".
[[nodiscard]] std::string span_of_ms(double milliseconds);

}  // namespace ntpopt::ctl
