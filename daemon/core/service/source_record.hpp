// What the NTP service itself has measured of a server that it uses, poll after poll. Where that record is sound, a
// round need not measure again what is known already; what a server says today is never taken from it.
#pragma once

#include <optional>

#include "daemon/core/config/config.hpp"
#include "daemon/core/measure/measurement.hpp"

namespace ntpopt {

inline constexpr int kMaxRecordSamples = 1'000'000;

/// The service's own figures of one source. Those are optional that not every service tells.
struct SourceRecord {
    int samples = 0;                  ///< how many polls the figures rest on; 0: not told
    int runs = 0;                     ///< runs of residuals of one sign among them; 0: not told
    std::optional<double> span_s{};   ///< from the oldest of them to the newest
    double deviation_s = 0;           ///< standard deviation of one of them
    std::optional<double> estimate_s{};  ///< what the source is ahead of the local clock, by all of them
    double age_s = 0;                 ///< of the last answer
    friend bool operator==(const SourceRecord&, const SourceRecord&) = default;
};

struct ServiceSource;

/// What a burst to this source may leave unsent once its first request was answered well, by the service's record;
/// nothing where the record is not sound: the service does not follow the source or would not, one of its last eight
/// polls was lost, the last answer is old, or the figures rest on less than the burst itself would see.
[[nodiscard]] std::optional<Spared> may_spare(const ServiceSource& source, const ProbeConfig& config);

}  // namespace ntpopt
