// Parsing and rendering for duration.hpp.
#include "common/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using Unit = std::pair<std::string_view, Duration>;

// Largest first; the first spelling of a length is the one that is rendered.
const std::array kUnits{
    Unit{"w", std::chrono::weeks(1)},         Unit{"d", std::chrono::days(1)},
    Unit{"h", std::chrono::hours(1)},         Unit{"min", std::chrono::minutes(1)},
    Unit{"m", std::chrono::minutes(1)},       Unit{"s", std::chrono::seconds(1)},
    Unit{"sec", std::chrono::seconds(1)},     Unit{"ms", std::chrono::milliseconds(1)},
    Unit{"us", std::chrono::microseconds(1)}, Unit{"ns", std::chrono::nanoseconds(1)},
};
constexpr double kMaxSeconds = 10.0 * 365.25 * 86400;

Error bad(std::string_view text, std::string_view why) {
    return {Errc::invalid_argument,
            fmt::format("'{}' is not a duration: {}; write for example 90s, 5min, 6h or 7d", printable(text, 40), why)};
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    auto rest = trim(text);
    if (rest == "0") return Duration::zero();
    if (rest.empty() || rest.size() > 64) return bad(text, "it is empty or too long");
    double total = 0;
    Duration exact{};
    while (!rest.empty()) {
        double number = 0;
        const auto [end, failure] =
            std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
        if (failure != std::errc{} || !(number >= 0)) return bad(text, "a number that is not negative is missing");
        rest = trim(rest.substr(static_cast<std::size_t>(end - rest.data())));
        std::size_t length = 0;
        while (length < rest.size() && rest[length] >= 'a' && rest[length] <= 'z')
            ++length;
        const auto word = rest.substr(0, length);
        const Unit* unit = nullptr;
        for (const auto& known : kUnits)
            if (known.first == word) unit = &known;
        if (!unit) return bad(text, word.empty() ? "a unit is missing" : "its unit is not one of ns us ms s min h d w");
        total += number * to_seconds(unit->second);
        if (!(total <= kMaxSeconds)) return bad(text, "it is longer than ten years");
        exact += std::chrono::duration_cast<Duration>(number * std::chrono::duration<double, std::nano>(unit->second));
        rest = trim(rest.substr(length));
    }
    return exact;
}

std::string render_duration(Duration duration) {
    if (duration == Duration::zero()) return "0";
    std::string out = duration < Duration::zero() ? "-" : "";
    if (duration < Duration::zero()) duration = -duration;
    for (const auto& [name, length] : kUnits) {
        if (name == "w" && duration % length != Duration::zero()) continue;  // "8d" reads better than "1w 1d"
        const auto count = duration / length;
        if (count == 0) continue;
        if (!out.empty() && out.back() != '-') out += ' ';
        out += fmt::format("{}{}", count, name);
        duration -= count * length;
    }
    return out;
}

}  // namespace ntpopt
