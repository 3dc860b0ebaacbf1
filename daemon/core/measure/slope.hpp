// A long round is measured with a clock that runs fast or slow all the while (a raw oscillator is off by tens of ppm):
// servers asked early and late would seem to disagree. The drift is common to all of them, so it is found and taken
// out.
#pragma once

#include <vector>

#include "daemon/core/measure/measurement.hpp"

namespace ntpopt {

/// The common slope of the offsets in seconds a second, 0 for rounds of at most 10 s, where noise would outweigh it.
/// Robust: the weighted median of the servers' own slopes, drawn towards 0 as far as the data are weak; at most 500
/// ppm.
[[nodiscard]] double common_slope(const std::vector<const Measurement*>& measurements);

}  // namespace ntpopt
