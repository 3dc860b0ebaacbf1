// Implementation of timesyncd_report.hpp.
#include "daemon/core/plan/timesyncd_report.hpp"

#include <algorithm>

#include "daemon/core/ntp/packet.hpp"

namespace ntpopt {
namespace {

constexpr double kMicrosecond_s = 1e-6;
/// timesyncd asks three times, 10 s apart, before it gives a server up.
constexpr std::uint64_t kGrace_usec = 30'000'000;

double difference_s(std::uint64_t a_usec, std::uint64_t b_usec) {
    return (static_cast<double>(a_usec) - static_cast<double>(b_usec)) * kMicrosecond_s;
}

}  // namespace

double TimesyncdMessage::offset_s() const {
    return (difference_s(receive_usec, origin_usec) + difference_s(transmit_usec, destination_usec)) / 2;
}

double TimesyncdMessage::delay_s() const {
    return std::max(0.0, difference_s(destination_usec, origin_usec) - difference_s(transmit_usec, receive_usec));
}

double TimesyncdMessage::dispersion_s(std::uint64_t now_usec) const {
    return root_dispersion_s + jitter_s + kPhi * std::max(0.0, difference_s(now_usec, destination_usec));
}

std::vector<std::string> TimesyncdStatus::followed() const {
    std::vector<std::string> names = listed();
    names.insert(names.end(), link.begin(), link.end());
    return names.empty() ? fallback : names;
}

bool is_synchronised(const TimesyncdStatus& status, std::uint64_t now_usec) {
    const auto& message = status.message;
    if (status.server_name.empty() || message.packet_count == 0) return false;
    if (message.leap == 3 || message.stratum <= 0 || message.stratum >= 16) return false;
    // The clock may have been set back since, by timesyncd itself for one.
    const std::uint64_t age_usec =
        std::max(now_usec, message.destination_usec) - std::min(now_usec, message.destination_usec);
    return age_usec <= 2 * std::min<std::uint64_t>(status.poll_usec, 1ULL << 40) + kGrace_usec;
}

}  // namespace ntpopt
