// One round's samples of one server, condensed: offset and delay of the best sample, an honest jitter, the interval
// that must hold the true offset if the server is honest, and how far it might be off by experience (SELECTION.md 4.3).
// Milliseconds throughout, as everything behind the measurement.
#pragma once

#include <optional>

#include "daemon/core/measure/measurement.hpp"

namespace ntpopt {

struct EpochSummary {
    int sent = 0;
    int received = 0;
    int spared = 0;                       ///< requests that the NTP service's own record stands for
    double offset_ms = 0;                 ///< of the sample with the least delay (RFC 5905 10)
    double delay_ms = 0;                  ///< of the same, at least 0
    std::optional<double> rms_jitter_ms;  ///< of the offsets against that sample (RFC 5905 10); needs two samples,
                                          ///< or the service's record, which says it then
    double jitter_ms = 0;                 ///< pooled from offsets and delays and drawn towards experience; never 0
    double advertised_ms = 0;             ///< root delay / 2 + root dispersion
    double low_ms = 0;                    ///< the interval, relative to the local clock
    double high_ms = 0;
    double prior_ms2 = 0;  ///< variance of its total error, before any history
    double noise_ms2 = 0;  ///< variance of offset_ms through jitter
};

/// True for a sample that can be used: finite, and a delay of at least minus the server's precision.
[[nodiscard]] bool is_usable(const Sample& sample, const ServerHeader& header);

/// The summary, with offsets counted from `base_s` and freed of the local clock's `slope` (seconds a second) during the
/// round; nothing without a header or without a usable sample.
[[nodiscard]] std::optional<EpochSummary> summarise(const Measurement& measurement, double base_s = 0,
                                                    double slope = 0);

}  // namespace ntpopt
