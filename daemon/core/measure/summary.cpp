// Implementation of summary.hpp.
#include "daemon/core/measure/summary.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ntpopt {
namespace {

constexpr double kJitterPrior_ms = 0.7;    // what an unknown path has
constexpr double kJitterPriorDof = 2;      // and how many degrees of freedom that opinion is worth
constexpr double kDistanceFloor_ms = 0.5;  // no server is believed to know better
constexpr double kServerError_ms = 0.15;   // a good server's own error
constexpr double kAsymmetry = 0.20;        // share of half the delay by which paths are usually asymmetric
constexpr double kAdvertisedShare = 0.15;  // share of the advertised distance that is usually real
constexpr double kMaxOffset_s = 1e10;      // three centuries: beyond that it is no time at all
constexpr double kWorstPrecision_s = 1e-3;

struct Moments {
    double mean = 0;
    double squares = 0;  // sum of squared deviations
};

template <typename Get>
Moments moments(const std::vector<Sample>& samples, Get get) {
    Moments out;
    for (const auto& sample : samples)
        out.mean += get(sample);
    out.mean /= static_cast<double>(samples.size());
    for (const auto& sample : samples)
        out.squares += (get(sample) - out.mean) * (get(sample) - out.mean);
    return out;
}

/// What was seen, drawn towards experience as far as few samples saw it. One sample knows nothing.
double drawn_to_prior(double seen_ms, int samples) {
    const double dof = 2.0 * (samples - 1);
    return (dof * seen_ms + kJitterPriorDof * kJitterPrior_ms) / (dof + kJitterPriorDof);
}

/// Standard deviation of one sample's offset noise. For independent legs of equal variance Var((f-b)/2) = Var((f+b)/2),
/// so the delays tell as much of it as the offsets, and both together have 2(k-1) degrees of freedom.
double pooled_jitter(const std::vector<Sample>& samples) {
    const double k = static_cast<double>(samples.size());
    if (samples.size() < 2) return kJitterPrior_ms;
    const auto offset = moments(samples, [](const Sample& s) { return s.offset_s * 1e3; });
    const auto delay = moments(samples, [](const Sample& s) { return s.delay_s * 1e3; });
    return drawn_to_prior(std::sqrt((offset.squares / (k - 1) + delay.squares / (k - 1) / 4) / 2),
                          static_cast<int>(samples.size()));
}

}  // namespace

bool is_usable(const Sample& sample, const ServerHeader& header) {
    // A delay may be negative by the precision of the clocks; how much of that a server may claim is bounded.
    const double precision = std::min(std::ldexp(1.0, std::clamp(header.precision_log2, -32, 0)), kWorstPrecision_s);
    return std::isfinite(sample.offset_s) && std::isfinite(sample.delay_s) &&
           std::abs(sample.offset_s) < kMaxOffset_s && sample.delay_s >= -precision && sample.delay_s < kMaxOffset_s;
}

std::optional<EpochSummary> summarise(const Measurement& measurement, double base_s, double slope) {
    if (!measurement.header) return std::nullopt;
    const auto& header = *measurement.header;
    std::vector<Sample> samples;
    for (const auto& sample : measurement.samples)
        if (sample && is_usable(*sample, header)) samples.push_back(*sample);
    if (samples.empty()) return std::nullopt;
    for (auto& sample : samples) {
        sample.offset_s -= base_s + slope * sample.t_s;
        sample.delay_s = std::max(sample.delay_s, 0.0);
    }
    const auto best = *std::min_element(samples.begin(), samples.end(),
                                        [](const Sample& a, const Sample& b) { return a.delay_s < b.delay_s; });
    EpochSummary out;
    out.sent = measurement.sent();
    out.received = static_cast<int>(samples.size());
    out.offset_ms = best.offset_s * 1e3;
    out.delay_ms = best.delay_s * 1e3;
    if (samples.size() > 1) {
        double squares = 0;
        for (const auto& sample : samples)
            squares += (sample.offset_s - best.offset_s) * (sample.offset_s - best.offset_s);
        out.rms_jitter_ms = std::sqrt(squares / static_cast<double>(samples.size() - 1)) * 1e3;
    }
    out.jitter_ms = pooled_jitter(samples);
    if (const auto& spared = measurement.spared) {
        // It is believed as much as the requests that it stands for, however long the record is: every candidate's
        // jitter is drawn towards experience alike, so that nobody wins or loses by being in use.
        out.spared = spared->requests;
        out.rms_jitter_ms = spared->deviation_s * 1e3;
        out.jitter_ms = drawn_to_prior(*out.rms_jitter_ms, out.received + out.spared);
    }
    out.advertised_ms = (header.root_delay_s / 2 + header.root_dispersion_s) * 1e3;

    // Every sample bounds the same truth, so the truth lies in all of their intervals.
    double low = -HUGE_VAL;
    double high = HUGE_VAL;
    for (const auto& sample : samples) {
        low = std::max(low, (sample.offset_s - sample.delay_s / 2) * 1e3);
        high = std::min(high, (sample.offset_s + sample.delay_s / 2) * 1e3);
    }
    if (low > high) {
        low = out.offset_ms - out.delay_ms / 2;
        high = out.offset_ms + out.delay_ms / 2;
    }
    const double bound = out.advertised_ms + kDistanceFloor_ms;
    out.low_ms = low - bound;
    out.high_ms = high + bound;

    const double asymmetry = kAsymmetry * out.delay_ms / 2;
    const double advertised = kAdvertisedShare * out.advertised_ms;
    out.prior_ms2 = kServerError_ms * kServerError_ms + asymmetry * asymmetry + advertised * advertised;
    out.noise_ms2 = out.jitter_ms * out.jitter_ms / (2.0 * out.received);
    return out;
}

}  // namespace ntpopt
