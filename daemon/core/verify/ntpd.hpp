// Did ntpd take the change? Observations in, keep, wait or roll back out. ntpd keeps saying "synchronised" after all of
// its sources are dead, so what counts is relative to the change: another process than before, the associations of the
// new set and no others, a system peer among them, and an update of the clock from after the restart. Asks nobody and
// waits for nothing.
#pragma once

#include <string>

#include "common/duration.hpp"
#include "daemon/core/plan/ntpd_plan.hpp"
#include "daemon/core/verify/finding.hpp"

namespace ntpopt {

/// What ntpd showed at one time.
struct NtpdObserved {
    NtpdState state;
    bool restarted = false;    ///< it is another process than before the change
    Duration since_restart{};  ///< monotonic
};

/// `applied_at` is the wall clock's time since 1970 when the restart was ordered; an update of the clock must be later,
/// unless ntpd was not synchronised before and may have stepped the clock back.
[[nodiscard]] Finding judge_ntpd(const NtpdPlan& plan, const NtpdObserved& seen, Duration applied_at,
                                 Duration deadline);

/// After a restart with files that nobody has to prove: keep as soon as ntpd has exactly the sources that they ask for,
/// whether they answer or not.
[[nodiscard]] Finding judge_ntpd_return(NtpdFlavour flavour, const std::vector<NtpdMember>& asked_for,
                                        const NtpdObserved& seen, Duration deadline);

/// How long the proof may take: what was configured, else 60 s. ntpsec resolves one name a second, and synchronises 8 s
/// (minsane 1) to 14 s (four names, minsane 3) after its start.
[[nodiscard]] Duration ntpd_deadline(Duration configured);

}  // namespace ntpopt
