// Implementation of time_text.hpp, on the proleptic Gregorian calendar of std::chrono.
#include "common/time_text.hpp"

#include <fmt/format.h>

#include "common/text.hpp"

namespace ntpopt {

std::string render_time(RealTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<milliseconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<RealTime> parse_time(std::string_view text) {
    using namespace std::chrono;
    const Error bad{Errc::parse, fmt::format("'{}' is not a time: write 2026-01-31T12:00:00Z", printable(text, 40))};
    const auto number = [&](std::size_t at, std::size_t length, int& out) {
        if (text.size() < at + length) return false;
        const auto found = parse_number<int>(text.substr(at, length));
        out = found.value_or(-1);
        return out >= 0;
    };
    int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
    if (text.size() < 20 || text.size() > 30 || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
        text[10] != 'T' || text[13] != ':' || text[16] != ':' || !number(0, 4, y) || !number(5, 2, mo) ||
        !number(8, 2, d) || !number(11, 2, h) || !number(14, 2, mi) || !number(17, 2, s))
        return bad;
    nanoseconds fraction{};
    if (text[19] == '.') {
        nanoseconds weight(100'000'000);
        for (const char c : text.substr(20, text.size() - 21)) {
            if (c < '0' || c > '9') return bad;
            fraction += (c - '0') * weight;
            weight /= 10;
        }
    } else if (text.size() != 20) {
        return bad;
    }
    const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
    if (!date.ok() || y < 1970 || y > 2261 || h > 23 || mi > 59 || s > 60) return bad;
    return RealTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + fraction;
}

std::uint64_t to_usec(RealTime time) {
    const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    return usec < 0 ? 0 : static_cast<std::uint64_t>(usec);
}

RealTime from_usec(std::uint64_t usec) {
    constexpr std::uint64_t kLast = 9'000'000'000'000'000;  // the year 2255, inside what 64 bits of nanoseconds hold
    return RealTime(std::chrono::microseconds(std::min(usec, kLast)));
}

}  // namespace ntpopt
