// Implementation of pool.hpp.
#include "daemon/core/select/pool.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/select/history.hpp"

namespace ntpopt {
namespace {

// One member says nothing about the spread of the rest: these opinions count as one more member each.
constexpr double kScoreSpread = 5;
constexpr double kErrorSpreadShare = 0.5;

double spread(double sum, double sum2, double weight, double prior) {
    const double mean = sum / weight;
    const double squares = std::max(sum2 - mean * sum, 0.0);
    return std::sqrt((squares + prior * prior) / weight);
}

}  // namespace

void begin_pool_round(PoolHistory& history, int probed, double now_s) {
    const double decay = decay_after(now_s - history.updated_s);
    for (auto* sum : {&history.weight, &history.score_sum, &history.score_sum2, &history.error_sum_ms,
                      &history.error_sum2_ms2, &history.probed, &history.usable})
        *sum *= decay;
    history.probed += probed;
    history.updated_s = now_s;
}

void learn_member(PoolHistory& history, double score, double error_ms) {
    history.weight += 1;
    history.usable += 1;
    history.score_sum += score;
    history.score_sum2 += score * score;
    history.error_sum_ms += error_ms;
    history.error_sum2_ms2 += error_ms * error_ms;
}

PoolOutlook pool_outlook(const PoolHistory& history) {
    if (!(history.weight > 1e-3)) return {};
    const double score = history.score_sum / history.weight;
    const double error = history.error_sum_ms / history.weight;
    return {
        .score =
            std::clamp(score - spread(history.score_sum, history.score_sum2, history.weight, kScoreSpread), 0.0, 100.0),
        .error_ms =
            error + spread(history.error_sum_ms, history.error_sum2_ms2, history.weight, kErrorSpreadShare * error),
        .usable = history.probed > 0 ? std::min(100 * history.usable / history.probed, 100.0) : 0,
    };
}

}  // namespace ntpopt
