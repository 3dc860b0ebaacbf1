// What a change of chronyd's sources has to remember to be finished or undone by another process, and its JSON form in
// the journal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/core/plan/chrony_plan.hpp"

namespace ntpopt {

/// A name that chronyd followed before, and with how many sources.
struct ChronyFormer {
    std::string name;
    std::size_t sources = 0;
    std::vector<std::string> addresses;  ///< of those that were resolved
};

struct ChronyRecord {
    std::string instance;              ///< of the chronyd that was changed (instance_of())
    std::string unit;                  ///< systemd's name of it, "" where it is not known
    std::string invocation;            ///< systemd's InvocationID of it, "" where it is not known
    std::vector<std::string> chronyc;  ///< how it is called
    std::string our_path;              ///< the *.sources file, or the configuration file where `config` is there
    std::string restore_path;
    std::optional<OurFile> config;  ///< edited with marks where there is no source directory: staged and final text
    std::optional<std::string> our_before;  ///< our lines before, as a file; nothing: there were none
    std::optional<std::string> restore_before;
    std::optional<std::string> restore_stale;  ///< ours too, but for an earlier chronyd: it has brought all back by now
    std::vector<ChronyFormer> former;
    std::vector<std::string> reference_ids;  ///< sources that chronyd followed before: selected and combined ones
    double reference_time_s = 0;             ///< of its last update before
    double verify_timeout_s = 0;             ///< as configured; 0: auto
    bool fulfilled = false;                  ///< reality was the goal already
    ChronyPlan plan;
};

/// Whether our lines, as a file, are as this change found them, or as it wrote them at one of its stages.
[[nodiscard]] bool is_our_text(const ChronyRecord& record, const FileText& text);

/// Whether a restore file is one that this change found, planned or made while it was undone: then it holds lines that
/// were there and lines that it deleted.
[[nodiscard]] bool is_our_restore(const ChronyRecord& record, const FileText& text);

[[nodiscard]] Json to_json(const ChronyRecord& record);
/// Errc::parse where the journal holds something else.
[[nodiscard]] Result<ChronyRecord> parse_chrony_record(const Json& json);

}  // namespace ntpopt
