// Did systemd-timesyncd take the change? Observations in, keep, wait or roll back out. Always relative to the change:
// timesyncd shows the last answer of the server before until another one answers, and the kernel keeps saying
// "synchronised" for hours, so neither counts. Asks nobody and waits for nothing.
#pragma once

#include "common/duration.hpp"
#include "daemon/core/plan/timesyncd_plan.hpp"
#include "daemon/core/verify/chrony.hpp"

namespace ntpopt {

/// The moment of the change.
struct TimesyncdMark {
    std::uint64_t applied_usec = 0;  ///< by the local clock, just before timesyncd was told
    std::uint64_t packet_count = 0;  ///< of the answers before; 0 where timesyncd was restarted for the change
    int asked_again = 0;             ///< how often it was made to ask again, since it had set an answer aside
};

/// How often it is made to ask again.
inline constexpr int kTimesyncdAsks = 3;

/// keep: one of the plan's servers has answered a question from after the change, soundly, and where it was measured,
/// in agreement with that. roll_back: the list is another one, the answer would have stepped or did step a synchronised
/// clock, or nobody answered by `deadline`.
[[nodiscard]] Finding judge_timesyncd(const TimesyncdPlan& plan, const TimesyncdStatus& seen, const TimesyncdMark& mark,
                                      Duration since_change, Duration deadline);

/// The answer is new, but timesyncd set it aside (a spike), and the next question would come after the poll interval,
/// up to 34 minutes later: true where it is worth to make it ask again at once.
[[nodiscard]] bool should_ask_again(const TimesyncdPlan& plan, const TimesyncdStatus& seen, const TimesyncdMark& mark);

}  // namespace ntpopt
