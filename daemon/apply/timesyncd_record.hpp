// What a change of systemd-timesyncd's servers has to remember to be finished or undone by another process, and its
// JSON form in the journal.
#pragma once

#include <string>
#include <vector>

#include "common/json.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/core/plan/timesyncd_plan.hpp"
#include "daemon/core/verify/timesyncd.hpp"

namespace ntpopt {

struct TimesyncdRecord {
    std::string instance;                      ///< of the timesyncd that was changed (instance_of())
    std::string unit;                          ///< what is restarted where the list cannot be set otherwise
    std::string invocation;                    ///< systemd's InvocationID, "" where it is not known
    bool live = false;                         ///< the list is set while it runs
    OurFile drop_in;                           ///< ours, with what it held before
    std::vector<std::string> runtime_before;   ///< the list that was set while it ran; empty: none
    std::vector<std::string> foreign_runtime;  ///< the same, set by somebody else before our first change
    std::vector<std::string> followed;         ///< names that were asked before
    TimesyncdPlan plan;
    TimesyncdMark mark;
    double verify_timeout_s = 0;  ///< as configured; 0: auto
    bool fulfilled = false;       ///< reality was the goal already
};

/// Whether our drop-in has a text that this change found or wrote.
[[nodiscard]] bool is_our_text(const TimesyncdRecord& record, const FileText& text);

[[nodiscard]] Json to_json(const TimesyncdRecord& record);
/// Errc::parse where the journal holds something else.
[[nodiscard]] Result<TimesyncdRecord> parse_timesyncd_record(const Json& json);

}  // namespace ntpopt
