// What a change of ntpd's sources has to remember to be finished or undone by another process, and its JSON form in the
// journal.
#pragma once

#include <string>
#include <vector>

#include "common/json.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/core/plan/ntpd_plan.hpp"

namespace ntpopt {

struct NtpdRecord {
    std::string instance;   ///< of the ntpd before the change (instance_of())
    std::string restarted;  ///< of the one that our restart began; empty: not yet
    std::string unit;
    std::string invocation;           ///< systemd's, before the change
    std::vector<OurFile> files;       ///< in the order in which they are written, each with one text
    std::string our_path;             ///< of the file that is ours
    std::vector<std::string> marked;  ///< files of the service's own with marks of ours, as this change leaves them
    double applied_at_s = 0;          ///< wall clock when the restart was ordered, since 1970
    double verify_timeout_s = 0;      ///< as configured; 0: auto
    bool fulfilled = false;           ///< reality was the goal already
    NtpdPlan plan;                    ///< without its edits: those are `files`
};

/// Whether the file that is ours has a text that this change found or wrote.
[[nodiscard]] bool is_our_text(const NtpdRecord& record, const FileText& text);

[[nodiscard]] Json to_json(const NtpdRecord& record);
/// Errc::parse where the journal holds something else.
[[nodiscard]] Result<NtpdRecord> parse_ntpd_record(const Json& json);

}  // namespace ntpopt
