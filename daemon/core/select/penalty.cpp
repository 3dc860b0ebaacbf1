// Implementation of penalty.hpp.
#include "daemon/core/select/penalty.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

constexpr double kDay_s = 86400;
constexpr double kFirstPause_s = kDay_s / 2;
constexpr int kMostTimes = 16;

/// 7 days, doubling with every time, at most 90.
double penalty_time(int times) {
    return std::min(7 * kDay_s * std::exp2(times - 1), 90 * kDay_s);
}

}  // namespace

void learn_result(Penalty& penalty, RoundResult result, bool incumbent, std::optional<int> blacklist_after,
                  double now_s) {
    if (result == RoundResult::unjudged) return;
    penalty.touched_s = now_s;
    const auto ban = [&] {
        penalty.denied = false;
        penalty.bans = std::min(penalty.bans + 1, kMostTimes);
        penalty.banned_until_s = now_s + penalty_time(penalty.bans);
    };
    if (result == RoundResult::rate) {
        penalty.pause_s = penalty.pause_s > 0 ? std::min(2 * penalty.pause_s, kDay_s) : kFirstPause_s;
        penalty.paused_until_s = now_s + penalty.pause_s;
    } else if (result == RoundResult::deny) {
        if (incumbent && !penalty.denied)
            penalty.denied = true;
        else
            ban();
    } else if (result == RoundResult::failed) {
        if (penalty.denied) ban();
        penalty.failures = std::min(penalty.failures + 1, 1000);
        if (!blacklist_after || penalty.failures < *blacklist_after || penalty.blacklisted_until_s > now_s) return;
        penalty.times = std::min(penalty.times + 1, kMostTimes);
        penalty.blacklisted_until_s = now_s + penalty_time(penalty.times);
        penalty.by_hand = false;
    } else {
        penalty.failures = 0;
        penalty.denied = false;
        penalty.pause_s = penalty.paused_until_s = 0;
        if (penalty.blacklisted_until_s <= now_s) penalty.times = 0;
        if (penalty.banned_until_s <= now_s) penalty.bans = 0;
        if (penalty.held_until_s <= now_s) penalty.rollbacks = 0;
    }
}

bool is_clean(const Penalty& penalty) {
    Penalty other;
    other.touched_s = penalty.touched_s;
    other.blacklisted_until_s = penalty.blacklisted_until_s;
    other.banned_until_s = penalty.banned_until_s;
    other.held_until_s = penalty.held_until_s;
    other.by_hand = penalty.by_hand;
    return penalty == other &&
           std::max({penalty.blacklisted_until_s, penalty.banned_until_s, penalty.held_until_s}) <= penalty.touched_s;
}

}  // namespace ntpopt
