// From what chronyd is and what it shall follow to what has to be done: the texts of our two files, which sources stay,
// which go and how they come back. Pure; daemon/apply/chrony.hpp carries it out. Make before break: the new sources are
// added and proven first, the old ones are deleted at run time afterwards, the distribution's files are never touched.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/core/plan/chrony_report.hpp"
#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// Our file in the source directory, and the one that brings back what was deleted at run time.
inline constexpr std::string_view kChronyFile = "50-ntpopt.sources";
inline constexpr std::string_view kChronyRestoreFile = "ntpopt-restore.sources";

/// A *.sources file that somebody else wrote.
struct ChronySourcesFile {
    std::string path;
    std::vector<ChronyDirective> directives;
};

/// Everything a plan is made from, read at one time.
struct ChronyView {
    ChronyConfig config;
    std::vector<ChronySourcesFile> files;     ///< without our two
    std::optional<std::string> our_text;      ///< nothing: no such file
    std::optional<std::string> restore_text;  ///< nothing: no such file
    bool restore_stale = false;               ///< chronyd was restarted since, and has its own lines again
    bool edited = false;  ///< no source directory: our lines stand in the configuration file, which `config` leaves out
    std::vector<ChronySource> sources;
};

/// One server or pool of the set that shall be followed.
struct ChronyMember {
    ChronyDirective directive;
    bool fresh = true;      ///< chronyd did not follow it before: it has to prove itself
    bool withheld = false;  ///< its address is still taken by a source that goes: it can be added only then
};

struct ChronyPlan {
    bool original = false;              ///< back to the service's own sources
    std::vector<ChronyMember> members;  ///< what shall be followed
    std::vector<std::string> staying;   ///< names that stay although they were not chosen (DHCP, augment)
    std::vector<std::string> going;     ///< names that are followed now and shall not be
    std::vector<std::string> evicted;  ///< ids deleted before the proof, since too few members could be added otherwise
    std::vector<ChronyDirective> removed;  ///< lines whose sources are deleted at run time, as they have to be restored
    std::vector<ChronyDirective> returning;  ///< lines whose sources were deleted at run time and are to be there again
    std::optional<std::string> staged_text;  ///< our file while old and new are there
    std::optional<std::string> settled_text;  ///< our file while the old ones are deleted: without what is withheld
    std::optional<std::string> final_text;    ///< our file at the end; nothing: none
    std::optional<std::string> staged_restore_text;  ///< the restore file while old and new are there
    std::optional<std::string> final_restore_text;
    int min_sources = 1;
};

/// Plans the change to `choices`. Errc::refused says which gate is closed and why.
[[nodiscard]] Result<ChronyPlan> plan_chrony_change(const ChronyView& view, const std::vector<Choice>& choices,
                                                    const ApplyConfig& config);

/// What a change has to bring back when ntpopt goes: the lines that it deletes `now`, and those that earlier changes
/// did `before` and that chronyd has not got back by itself.
[[nodiscard]] std::vector<ChronyDirective> still_removed(const ChronyView& view,
                                                         const std::vector<ChronyDirective>& before,
                                                         const std::vector<ChronyDirective>& now);

/// Plans the way back to the service's own sources; `removed` are the lines that were deleted at run time since.
[[nodiscard]] ChronyPlan plan_chrony_original(const ChronyView& view, const std::vector<ChronyDirective>& removed);

/// The line for one choice: "server NAME [port N] iburst", "pool NAME [port N] iburst maxsources M".
[[nodiscard]] ChronyDirective chrony_directive(const Choice& choice);

/// The text of our file, or nothing where there is no line to write.
[[nodiscard]] std::optional<std::string> render_chrony_sources(const std::vector<ChronyDirective>& directives);
/// The same of the file that brings back what was deleted at run time.
[[nodiscard]] std::optional<std::string> render_chrony_restore(const std::vector<ChronyDirective>& directives);

/// The member that brought this source, or nullptr; a reference clock is nobody's.
[[nodiscard]] const ChronyMember* member_of(const ChronyPlan& plan, const ChronySource& source);

/// Ids of the sources that the plan lets go, and of those that chronyd 4.6 multiplied at a reload; the selected one
/// last, so that chronyd selects anew once. What came since the plan was made is not among them: nobody would bring it
/// back.
[[nodiscard]] std::vector<std::string> sources_to_delete(const ChronyPlan& plan,
                                                         const std::vector<ChronySource>& sources);

/// Whether chronyd follows somebody whom the plan does not keep, since when ever, or somebody twice. Reference clocks
/// do not count.
[[nodiscard]] bool has_others(const ChronyPlan& plan, const std::vector<ChronySource>& sources);

/// The lines that chronyd has without us, not those of DHCP clients, whether it follows them now or not.
[[nodiscard]] std::vector<ChronyDirective> base_lines(const ChronyView& view);

/// How many sources a name has now, with unresolved ones.
[[nodiscard]] std::size_t count_sources(const std::vector<ChronySource>& sources, std::string_view name);

/// Who wrote the source: "ours", "base", "dhcp", "refclock" or "runtime" (added by hand).
[[nodiscard]] std::string_view origin_of(const ChronySource& source, const ChronyView& view);

/// True where nothing has to be done: chronyd follows what it shall already.
[[nodiscard]] bool is_fulfilled(const ChronyPlan& plan, const ChronyView& view);

}  // namespace ntpopt
