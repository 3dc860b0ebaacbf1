// Did chronyd take the change? Observations in, keep, wait or roll back out. Always relative to the change: `tracking`
// and waitsync keep saying "synchronised" after every source is gone, so neither counts alone. Asks nobody and waits
// for nothing.
#pragma once

#include <string>
#include <vector>

#include "common/duration.hpp"
#include "daemon/core/plan/chrony_plan.hpp"
#include "daemon/core/verify/finding.hpp"

namespace ntpopt {

/// What chronyd showed at one time.
struct ChronyObserved {
    std::vector<ChronySource> sources;
    ChronyTracking tracking;
    Duration since_reload{};  ///< since the new file was loaded
};

/// Between make and break: at least max(minsources, min(2, n)) sources of the plan are selectable, and at least half of
/// the fresh ones, each with a sample from after the reload. Waits for stragglers for 20 s, and to the deadline at
/// most.
[[nodiscard]] Finding judge_new_sources(const ChronyPlan& plan, const ChronyObserved& seen, Duration deadline);

/// Between make and break, from the first sample on: every fresh source agrees with the old ones that chronyd followed
/// (`before`) within the error bounds of both. chronyd selects nobody before the third sample, so that a liar is found
/// out before it can steer the clock. keep or roll_back; without an old reference there is nothing to compare.
[[nodiscard]] Finding judge_offsets(const ChronyPlan& plan, const ChronyObserved& seen,
                                    const std::vector<ChronySource>& before);

/// Before others are deleted: chronyd could follow one of `names` at once. As long as it follows nobody it chooses
/// nobody either while a source that answers has too few samples (SRC_SelectSource() in its sources.c), so those are
/// waited for, too, for 10 s at most. roll_back where none can be followed at the deadline.
[[nodiscard]] Finding judge_heirs(const std::vector<ChronySource>& sources, const std::vector<std::string>& names,
                                  Duration waited, Duration deadline);

/// After the break: nothing that should be gone is left, the selected source is of the plan, and tracking follows that
/// very source with an update that is newer than `before`, chronyd's state at the reload.
[[nodiscard]] Finding judge_takeover(const ChronyPlan& plan, const ChronyObserved& seen, const ChronyTracking& before,
                                     Duration deadline);

/// After an undoing: those `owed` by it that chronyd followed before (`former`) and has no source of now; where it has
/// no source at all, whatever it followed. What others took from it meanwhile, as a DHCP client does, is not our debt.
[[nodiscard]] std::vector<std::string> not_brought_back(const std::vector<std::string>& former,
                                                        const std::vector<std::string>& owed,
                                                        const std::vector<ChronySource>& sources);

/// How long the proof may take: what was configured, else 30 s for the burst and 15 s more where a name must be
/// resolved.
[[nodiscard]] Duration chrony_deadline(const ChronyPlan& plan, Duration configured);

}  // namespace ntpopt
