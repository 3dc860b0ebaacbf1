// Implementation of format.hpp.
#include "ctl/format.hpp"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

tm local_parts(RealTime time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    const auto clock = static_cast<time_t>(seconds);
    tm parts{};
    localtime_r(&clock, &parts);
    return parts;
}

}  // namespace

std::string text_of(const Json& object, std::string_view key) {
    return printable(get_string(object, key), 4096);
}

std::string number_of(const Json& object, std::string_view key, int decimals, bool sign) {
    const auto number = get_number(object, key);
    if (!number || !std::isfinite(*number)) return "-";
    return sign ? fmt::format("{:+.{}f}", *number, decimals) : fmt::format("{:.{}f}", *number, decimals);
}

std::string joined(const Json& list, std::string_view separator, std::string_view none) {
    std::string text;
    for (const auto& item : list) {
        if (!item.is_string()) continue;
        if (!text.empty()) text += separator;
        text += printable(item.get<std::string>());
    }
    return text.empty() ? std::string(none) : text;
}

std::string local_time(RealTime time) {
    const auto parts = local_parts(time);
    std::array<char, 64> text{};
    return {text.data(), strftime(text.data(), text.size(), "%a %Y-%m-%d %H:%M:%S %Z", &parts)};
}

std::string brief_time(RealTime time) {
    const auto parts = local_parts(time);
    std::array<char, 64> text{};
    return {text.data(), strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts)};
}

std::string brief_time_of(const Json& object, std::string_view key) {
    const auto time = parse_time(get_string(object, key));
    return time ? brief_time(*time) : "";
}

RealTime present() {
    if (const auto* given = std::getenv("SOURCE_DATE_EPOCH"))
        if (const auto seconds = std::strtoll(given, nullptr, 10); seconds > 0)
            return RealTime(std::chrono::seconds(seconds));
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

std::string time_of(const Json& object, std::string_view key, const RealTime* now) {
    const auto time = parse_time(get_string(object, key));
    if (!time) return "";
    auto text = local_time(*time);
    if (now)
        text += *time <= *now ? fmt::format(" ({} ago)", rough(*now - *time))
                              : fmt::format(" (in {})", rough(*time - *now));
    return text;
}

std::string rough(Duration span) {
    using namespace std::chrono_literals;
    Duration grain = 1s;
    if (span >= 24h)
        grain = 1h;
    else if (span >= 1h)
        grain = 1min;
    return render_duration(span - span % grain);
}

std::string seconds_of(const Json& object, std::string_view key) {
    const auto seconds = get_number(object, key);
    return seconds ? fmt::format("{:.1f} s", *seconds) : "-";
}

std::string span_of_ms(double milliseconds) {
    const auto size = std::fabs(milliseconds);
    if (size < 0.1) return fmt::format("{:.0f} us", milliseconds * 1000);
    if (size < 1000) return fmt::format("{:.2f} ms", milliseconds);
    return fmt::format("{:.1f} s", milliseconds / 1000);
}

}  // namespace ntpopt::ctl
