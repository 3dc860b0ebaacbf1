// Implementation of history.hpp.
#include "daemon/core/select/history.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

constexpr double kHalfLife_s = 86400;
constexpr double kWander_ms = 0.3;   // how much an average server's bias wanders from round to round
constexpr double kWanderRounds = 2;  // and how many rounds that opinion is worth
constexpr double kPopcorn = 4;       // standard deviations
constexpr double kForgive = 0.9;

/// Variance of a single round's bias about its mean.
double wander_ms2(const ServerHistory& history) {
    return (history.spread_ms2 + kWanderRounds * kWander_ms * kWander_ms) / (history.weight + kWanderRounds);
}

}  // namespace

double decay_after(double seconds) {
    return std::exp2(-std::max(seconds, 0.0) / kHalfLife_s);
}

void fade(ServerHistory& history, double now_s) {
    const double decay = decay_after(now_s - history.updated_s);
    history.weight *= decay;
    history.weight2 *= decay * decay;
    history.spread_ms2 *= decay;
    history.sent *= decay;
    history.received *= decay;
    history.jitter_weight *= decay;
    history.jitter_sum_ms *= decay;
    history.updated_s = now_s;
}

void learn_reach(ServerHistory& history, int sent, const EpochSummary* summary) {
    history.sent += sent;
    if (!summary) return;
    // No more than what was spared: a long record must not outweigh the rounds in which the server is silent.
    const int counted = summary->received + summary->spared;
    history.sent += summary->spared;
    history.received += counted;
    history.jitter_weight += counted;
    history.jitter_sum_ms += counted * summary->jitter_ms;
}

void learn_bias(ServerHistory& history, const EpochSummary& summary, double bias_ms, double centre_error_ms2) {
    const double usual = std::sqrt(wander_ms2(history) + summary.noise_ms2 + centre_error_ms2);
    if (history.weight > 0 && std::abs(bias_ms - history.bias_ms) > kPopcorn * usual) {
        if (!history.held) {
            history.held = true;
            return;
        }
        history.weight = history.weight2 = history.spread_ms2 = 0;
    }
    history.held = false;
    const double old_weight = history.weight;
    const double deviation = bias_ms - history.bias_ms;
    history.weight += 1;
    history.weight2 += 1;
    history.spread_ms2 += deviation * deviation * old_weight / history.weight;
    history.bias_ms += deviation / history.weight;
}

void learn_truth(ServerHistory& history, bool falseticker) {
    history.conviction = kForgive * history.conviction + (falseticker ? 1 : 0);
}

double expected_error(const ServerHistory& history, const EpochSummary& summary, double centre_error_ms2) {
    if (!(history.weight > 0 && history.weight2 > 0)) return std::sqrt(summary.prior_ms2 + summary.noise_ms2);
    const double rounds = std::max(history.weight * history.weight / history.weight2, 1.0);
    const double wander = wander_ms2(history);
    const double of_mean = (wander + summary.noise_ms2) / rounds + centre_error_ms2;
    const double belief = summary.prior_ms2 / (summary.prior_ms2 + of_mean);
    const double bias = belief * history.bias_ms;
    return std::sqrt(bias * bias + belief * of_mean + wander);
}

double smoothed_jitter(const ServerHistory& history, const EpochSummary& summary) {
    return history.jitter_weight > 0 ? history.jitter_sum_ms / history.jitter_weight : summary.jitter_ms;
}

double reachability(const ServerHistory& history) {
    return history.sent > 0 ? std::clamp(100 * (history.received / history.sent), 0.0, 100.0) : 0;
}

}  // namespace ntpopt
