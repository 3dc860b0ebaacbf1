// Implementation of leap.hpp.
#include "daemon/core/select/leap.hpp"

#include <fmt/format.h>

#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr double kDay_s = 86400;
constexpr double kNtpToUnix_s = 2208988800.0;  // RFC 5905 6: 1900 to 1970
constexpr std::size_t kMaxLeapSeconds = 1000;

}  // namespace

std::vector<double> parse_leap_seconds(std::string_view text) {
    std::vector<double> instants;
    for (const auto line : lines(text)) {
        const auto parts = words(line);
        if (parts.size() < 2 || parts[0].starts_with('#') || instants.size() == kMaxLeapSeconds) continue;
        if (const auto ntp_seconds = parse_number<std::uint64_t>(parts[0]))
            instants.push_back(static_cast<double>(*ntp_seconds) - kNtpToUnix_s);
    }
    return instants;
}

bool is_leap_window(const std::vector<double>& leap_seconds, double now_s) {
    for (const auto instant : leap_seconds)
        if (std::abs(now_s - instant) <= kDay_s) return true;
    return false;
}

std::optional<std::string> find_leap_conflict(Timescale wanted, std::string_view leap_source) {
    if (leap_source.empty() || (wanted != Timescale::smear_24h && wanted != Timescale::smear_meta)) return std::nullopt;
    return fmt::format(
        "the servers smear leap seconds ({}), and the NTP service inserts them by itself as well ({}): take that out "
        "of "
        "its configuration",
        name_of(wanted), printable(leap_source, 80));
}

}  // namespace ntpopt
