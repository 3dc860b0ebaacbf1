// From what ntpd is told and what it shall follow to what has to be done: the texts of the files, which of its own
// sources go, and how the associations must look afterwards. Pure; daemon/apply/ntpd.hpp carries it out. ntpd reads its
// configuration at start only, so a change is a restart; ntpsec takes a drop-in whose `unpeer` lines cancel sources of
// ntp.conf, while the classic ntpd 4.2.8 needs marks in ntp.conf itself (its `unpeer NAME` would also take ours away).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/plan/ntpd_config.hpp"
#include "daemon/core/plan/ntpd_marks.hpp"
#include "daemon/core/plan/ntpd_report.hpp"
#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// Our file: for ntpsec in "ntp.d" beside the configuration, for the classic ntpd in "ntp" beside it.
inline constexpr std::string_view kNtpsecFile = "50-ntpopt.conf";
inline constexpr std::string_view kClassicFile = "ntpopt.conf";
/// ntpd steps the clock beyond this offset, where `tinker step` says nothing else.
inline constexpr double kNtpdStep_s = 0.128;

/// A file of the service's own configuration.
struct NtpdFile {
    std::string path;
    std::string text;
    bool world_readable = true;
};

/// Everything a plan is made from, read at one time.
struct NtpdView {
    NtpdFlavour flavour = NtpdFlavour::ntpsec;
    std::vector<NtpdFile> files;  ///< ntp.conf, what it includes, ntpsec's ntp.d; without ours
    std::string our_path;
    std::optional<std::string> our_text;  ///< nothing: no such file
    NtpdState state;
};

/// A server or pool of the set that shall be followed.
struct NtpdMember {
    std::string name;
    bool pool = false;
    int expected = 1;  ///< how many servers it stands for
    friend bool operator==(const NtpdMember&, const NtpdMember&) = default;
};

/// The text of one file, nothing: it goes.
struct NtpdEdit {
    std::string path;
    std::optional<std::string> before;
    std::optional<std::string> after;
    bool world_readable = true;
};

struct NtpdPlan {
    bool original = false;  ///< back to the service's own sources
    NtpdFlavour flavour = NtpdFlavour::ntpsec;
    std::vector<NtpdMember> members;    ///< what shall be followed
    std::vector<NtpdMember> former;     ///< what the files asked for before
    std::vector<NtpdMember> staying;    ///< what stays although it was not chosen (augment)
    std::vector<std::string> removed;   ///< names of the service's own that go
    std::vector<NtpdEdit> edits;        ///< in the order in which they are written
    std::optional<std::string> ours;    ///< our file at the end; nothing: none
    int min_sane = 1;                   ///< so many truechimers ntpd wants before it believes them (tos minsane)
    double step_limit_s = kNtpdStep_s;  ///< 0: it never steps
    bool was_synchronised = false;
};

/// What all files together say; later files override earlier ones.
[[nodiscard]] Result<NtpdConfig> parse_ntpd_files(const std::vector<NtpdFile>& files, const std::string& our_path);

/// The sources that the files ask for, ours among them: what ntpd has to show once it has read them.
[[nodiscard]] Result<std::vector<NtpdMember>> configured_members(const NtpdView& view);

/// Plans the change to `choices`. Errc::refused says which gate is closed and why; offsets and numbers that every
/// service demands are gates.hpp's.
[[nodiscard]] Result<NtpdPlan> plan_ntpd_change(const NtpdView& view, const std::vector<Choice>& choices,
                                                const ApplyConfig& config);

/// Plans the way back to the service's own sources.
[[nodiscard]] Result<NtpdPlan> plan_ntpd_original(const NtpdView& view);

/// Names of associations that the plan does not know. Reference clocks are never among them, members of a pool only
/// where no pool is planned.
[[nodiscard]] std::vector<std::string> ntpd_leftovers(const NtpdPlan& plan,
                                                      const std::vector<NtpdAssociation>& associations);

/// Names of the plan without an association.
[[nodiscard]] std::vector<std::string> ntpd_missing(const NtpdPlan& plan,
                                                    const std::vector<NtpdAssociation>& associations);

/// Whether an association is of this member: by name, by address, or as an anonymous member of a pool.
[[nodiscard]] bool is_of(const NtpdAssociation& association, const NtpdMember& member);

/// True for ntpd's own clocks: 127.127.t.u is a driver, not a server.
[[nodiscard]] bool is_refclock(const NtpdAssociation& association);

/// True where nothing has to be done: the files say it already, and ntpd read them.
[[nodiscard]] bool is_fulfilled(const NtpdPlan& plan, const std::vector<NtpdAssociation>& associations);

/// For a dry-run, the keys of org.ntpopt1.Applier.Plan.
[[nodiscard]] Json describe_plan(const NtpdPlan& plan, const NtpdView& view, const std::string& unit);

}  // namespace ntpopt
