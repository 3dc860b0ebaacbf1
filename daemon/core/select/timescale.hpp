// The firewall between time scales: around a leap second servers that smear and servers that do not tell different
// times, and a client must not mix them (RFC 8633 3.7.1). Outside that window they cannot be told apart by measuring,
// so the class of a server is knowledge that comes with it, and doubt never joins a smearing class.
#pragma once

#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// Whether a server of this class may stand in a set of class `wanted`. Unknown counts as UTC, but not while a leap
/// second is near, and never as smearing.
[[nodiscard]] bool fits_timescale(Timescale server, Timescale wanted, bool leap_window);

/// ntpd says so itself while it smears: its refid is 254.x.y.z.
[[nodiscard]] bool admits_smearing(const ServerHeader& header);

/// Within a day of the end of a UTC month, where alone leap seconds happen (ITU-R TF.460-6).
[[nodiscard]] bool is_near_month_end(double time_s);

/// A bias that drifts faster than 5 ppm over at least three hours inside a leap window is a smear; both known smears
/// are faster (11.6 and 16 ppm).
[[nodiscard]] bool drifts_like_smear(double bias_change_ms, double elapsed_s);

}  // namespace ntpopt
