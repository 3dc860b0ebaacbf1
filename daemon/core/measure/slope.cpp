// Implementation of slope.hpp.
#include "daemon/core/measure/slope.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ntpopt {
namespace {

constexpr double kShortRound_s = 10;
constexpr double kNoise_s = 0.7e-3;    // of a sample, usually
constexpr double kUsualSlope = 50e-6;  // of a raw oscillator
constexpr double kMaxSlope = 500e-6;   // the kernel's own limit (MAXFREQ)
constexpr double kMaxRound_s = 86400;

struct Slope {
    double value = 0;
    double weight = 0;  // sum of squared distances in time
};

/// Least squares through one server's samples.
Slope slope_of(const Measurement& measurement, double& first_s, double& last_s) {
    double count = 0;
    double mean_t = 0;
    double mean_offset = 0;
    const auto usable = [](const std::optional<Sample>& sample) {
        return sample && std::isfinite(sample->offset_s) && std::abs(sample->offset_s) < 1e10 && sample->t_s >= 0 &&
               sample->t_s < kMaxRound_s;
    };
    for (const auto& sample : measurement.samples) {
        if (!usable(sample)) continue;
        count += 1;
        mean_t += sample->t_s;
        mean_offset += sample->offset_s;
        first_s = std::min(first_s, sample->t_s);
        last_s = std::max(last_s, sample->t_s);
    }
    if (count < 2) return {};
    mean_t /= count;
    mean_offset /= count;
    double cross = 0;
    double squares = 0;
    for (const auto& sample : measurement.samples) {
        if (!usable(sample)) continue;
        cross += (sample->t_s - mean_t) * (sample->offset_s - mean_offset);
        squares += (sample->t_s - mean_t) * (sample->t_s - mean_t);
    }
    return squares > 0 ? Slope{cross / squares, squares} : Slope{};
}

}  // namespace

double common_slope(const std::vector<const Measurement*>& measurements) {
    std::vector<std::pair<double, double>> slopes;  // value and weight
    double first_s = HUGE_VAL;
    double last_s = -HUGE_VAL;
    double total = 0;
    for (const auto* measurement : measurements) {
        const auto slope = slope_of(*measurement, first_s, last_s);
        if (!(slope.weight > 0)) continue;
        slopes.emplace_back(slope.value, slope.weight);
        total += slope.weight;
    }
    if (slopes.empty() || last_s - first_s <= kShortRound_s) return 0;
    std::sort(slopes.begin(), slopes.end());
    double below = 0;
    double median = 0;
    for (const auto& [value, weight] : slopes) {
        below += weight;
        median = value;
        if (2 * below >= total) break;
    }
    const double trust = total / (total + kNoise_s * kNoise_s / (kUsualSlope * kUsualSlope));
    return std::clamp(median * trust, -kMaxSlope, kMaxSlope);
}

}  // namespace ntpopt
