// Implementation of score.hpp.
#include "daemon/core/score/score.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt {

double falling_score(double x, double half) {
    if (std::isnan(x) || !(half > 0)) return 0;
    return 100 * half / (half + std::max(x, 0.0));
}

ScoreParts score_parts(const Metrics& metrics, const SelectionConfig& config) {
    const double latency_ms = config.profile == Profile::latency ? metrics.delay_ms : metrics.error_ms;
    return {
        .jitter = falling_score(metrics.jitter_ms, config.half_jitter_ms),
        .reachability = std::isnan(metrics.reachability) ? 0 : std::clamp(metrics.reachability, 0.0, 100.0),
        // Stratum 0 is unspecified and 16 unsynchronised (RFC 5905 7.3): neither is a server.
        .stratum =
            metrics.stratum < 1 || metrics.stratum > 15 ? 0 : falling_score(metrics.stratum, config.half_stratum),
        .latency = falling_score(latency_ms, config.half_latency_ms),
        .regional_bonus = metrics.regional,
    };
}

double total_score(const ScoreParts& parts, const SelectionConfig& config) {
    const auto& weights = config.weights;
    const double sum = weights.jitter * parts.jitter + weights.reachability * parts.reachability +
                       weights.stratum * parts.stratum + weights.latency * parts.latency;
    return std::clamp(parts.regional_bonus ? sum * (1 + config.regional_bonus) : sum, 0.0, 100.0);
}

std::string_view grade(double score) {
    if (score >= 90) return "Excellent";
    if (score >= 75) return "Good";
    return score >= 60 ? "Fair" : "Poor";
}

}  // namespace ntpopt
