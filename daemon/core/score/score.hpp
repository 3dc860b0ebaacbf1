// The published score: one function for everything of which less is better, four weights, and a small bonus for servers
// of our own region (SELECTION.md 1). It ranks servers that passed the gates; it decides nothing about truth.
#pragma once

#include <string_view>

#include "daemon/core/config/config.hpp"
#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// 100 * half / (half + x): 100 at nothing, 50 at `half`, never 0. Negative x counts as 0; x that is no number earns 0.
[[nodiscard]] double falling_score(double x, double half);

/// What is scored. Jitter and latency in milliseconds, reachability in percent.
struct Metrics {
    double jitter_ms = 0;
    double reachability = 0;
    int stratum = 0;
    double error_ms = 0;
    double delay_ms = 0;
    bool regional = false;  ///< earns the bonus; only servers behind the accuracy gate may
};

/// The parts, each 0 to 100. The latency part is earned by the expected error, in profile `latency` by the delay.
[[nodiscard]] ScoreParts score_parts(const Metrics& metrics, const SelectionConfig& config);

/// The weighted sum of the parts with the bonus, 0 to 100.
[[nodiscard]] double total_score(const ScoreParts& parts, const SelectionConfig& config);

/// "Excellent" from 90, "Good" from 75, "Fair" from 60, else "Poor".
[[nodiscard]] std::string_view grade(double score);

}  // namespace ntpopt
