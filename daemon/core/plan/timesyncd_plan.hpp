// From what systemd-timesyncd is and what it shall follow to what has to be done: the list that is set while it runs,
// and the text of our drop-in, by which it finds the same list after a restart. Pure; daemon/apply/timesyncd.hpp
// carries it out. timesyncd asks one server at a time, in the order of the list, and steps the clock on a single answer
// of it: there is no make before break, so the gates are here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/duration.hpp"
#include "common/json.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/plan/timesyncd_config.hpp"
#include "daemon/core/plan/timesyncd_report.hpp"
#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// Our drop-in. The name sorts behind what distributions, cloud-init and DHCP hooks write.
inline constexpr std::string_view kTimesyncdDropIn = "zz-ntpopt.conf";

/// timesyncd slews below this offset and steps the clock beyond it (NTP_MAX_ADJUST of its source).
inline constexpr double kTimesyncdStep_s = 0.4;

/// Everything a plan is made from, read at one time.
struct TimesyncdView {
    std::vector<TimesyncdFile> files;     ///< those of others, in the order in which timesyncd reads them
    std::optional<std::string> our_text;  ///< nothing: no such file
    TimesyncdStatus status;
    bool synchronised = false;
};

/// What is known of a server that was measured before it was chosen.
struct TimesyncdMeasured {
    std::string name;
    double offset_s = 0;  ///< to the local clock
    double error_s = 0;   ///< expected error
};

struct TimesyncdPlan {
    bool original = false;                    ///< back to the service's own servers
    std::vector<std::string> servers;         ///< what shall be asked, in order
    std::vector<std::string> runtime;         ///< the list to set while it runs; empty: that of the files
    std::optional<std::string> text;          ///< our drop-in at the end; nothing: none
    std::vector<TimesyncdMeasured> measured;  ///< empty where the figures are of another time
    bool was_synchronised = false;
};

/// Plans the change to `choices`. `measured`: their offsets are of this moment. Errc::refused says which gate is
/// closed.
[[nodiscard]] Result<TimesyncdPlan> plan_timesyncd_change(const TimesyncdView& view, const std::vector<Choice>& choices,
                                                          bool measured, const ApplyConfig& config);

/// Plans the way back to the service's own servers; `runtime` is the list that somebody had set before us.
[[nodiscard]] Result<TimesyncdPlan> plan_timesyncd_original(const TimesyncdView& view,
                                                            std::vector<std::string> runtime);

/// The list that somebody else set while timesyncd runs: the one that is `known` since our first change. Where the last
/// one, `committed`, gave it back its own servers, what it has now is somebody's, and so is that it has none.
[[nodiscard]] std::vector<std::string> foreign_runtime(const TimesyncdPlan& committed, std::vector<std::string> known,
                                                       const TimesyncdView& view);

/// The list to set while it runs so that timesyncd asks whom files that say `wanted` would have it ask: empty where it
/// read just that at its start. Files that name nobody leave the turn to the servers of DHCP, then to the fallbacks.
[[nodiscard]] std::vector<std::string> runtime_for(const std::vector<std::string>& wanted,
                                                   const TimesyncdStatus& status);

/// The text of our drop-in. Errc::refused where one of the names is neither a host name nor an address.
[[nodiscard]] Result<std::string> render_timesyncd_dropin(const std::vector<std::string>& servers);

/// True where nothing has to be done: timesyncd follows what it shall already, and would after a restart.
[[nodiscard]] bool is_fulfilled(const TimesyncdPlan& plan, const TimesyncdView& view);

/// How long the proof may take: what was configured, else 45 s, or 10 s for each server and 15 s for DNS where that is
/// more: so long timesyncd waits for an answer before it goes on to the next address.
[[nodiscard]] Duration timesyncd_deadline(const TimesyncdPlan& plan, Duration configured);

/// For a dry-run, the keys of org.ntpopt1.Applier.Plan.
[[nodiscard]] Json describe_plan(const TimesyncdPlan& plan, const TimesyncdView& view, const std::string& our_path,
                                 const std::string& unit);

}  // namespace ntpopt
