// Implementation of timescale.hpp.
#include "daemon/core/select/timescale.hpp"

#include <chrono>
#include <cmath>

namespace ntpopt {

bool fits_timescale(Timescale server, Timescale wanted, bool leap_window) {
    if (wanted == Timescale::utc || wanted == Timescale::unknown)
        return server == Timescale::utc || (server == Timescale::unknown && !leap_window);
    return server == wanted;
}

bool admits_smearing(const ServerHeader& header) {
    return header.stratum >= 2 && header.refid >> 24 == 254;
}

bool is_near_month_end(double time_s) {
    if (!(std::abs(time_s) < 1e11)) return false;
    const std::chrono::sys_seconds now{std::chrono::seconds(static_cast<std::int64_t>(time_s))};
    const auto month_of = [&](std::chrono::days shift) {
        return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now + shift)).month();
    };
    return month_of(std::chrono::days(-1)) != month_of(std::chrono::days(1));
}

bool drifts_like_smear(double bias_change_ms, double elapsed_s) {
    return elapsed_s >= 3 * 3600 && std::abs(bias_change_ms) * 1e-3 > 5e-6 * elapsed_s;
}

}  // namespace ntpopt
