// A pool's name is a distribution: what it gives next is not what was measured now. So it is judged by the mean of all
// members ever seen, less one standard deviation, about the lower sixth of them (SELECTION.md 5).
#pragma once

#include "daemon/core/select/state.hpp"

namespace ntpopt {

/// What to expect of the next member.
struct PoolOutlook {
    double score = 0;     ///< mean minus one standard deviation
    double error_ms = 0;  ///< mean plus one
    double usable = 0;    ///< percent of the members asked
};

/// Fades what is older and counts a round in which `probed` members were asked.
void begin_pool_round(PoolHistory& history, int probed, double now_s);

/// Counts a usable member of this round.
void learn_member(PoolHistory& history, double score, double error_ms);

/// The outlook; of a pool without any usable member the score is 0.
[[nodiscard]] PoolOutlook pool_outlook(const PoolHistory& history);

}  // namespace ntpopt
