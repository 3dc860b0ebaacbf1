// The marks in a chrony.conf that has no source directory beside it: source lines of its own are silenced behind
// "#ntpopt# ", ours stand between two marks at its end. Taking the marks away gives the text back byte for byte,
// whatever an administrator changed elsewhere in it meanwhile. Text in, text out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/plan/chrony_plan.hpp"

namespace ntpopt {

/// A chrony.conf and the marks in it.
struct ChronyMarks {
    bool present = false;
    std::string original;                   ///< the text without them
    std::vector<ChronyDirective> ours;      ///< the lines between the two marks
    std::vector<ChronyDirective> silenced;  ///< source lines of its own behind the mark
};

/// Finds the marks. Errc::refused where somebody edited between them, or took one of the two away.
[[nodiscard]] Result<ChronyMarks> read_chrony_marks(std::string_view text);

/// The text with `ours` between the marks, and with its own source lines of these names silenced. `original` bears no
/// marks; nothing to write and nothing to silence gives it back as it is.
[[nodiscard]] std::string mark_chrony_config(std::string_view original, const std::vector<ChronyDirective>& ours,
                                             const std::vector<std::string>& silenced);

/// The same with the lines and the silenced names of `like`.
[[nodiscard]] std::string mark_chrony_config(std::string_view original, const ChronyMarks& like);

/// The texts of one change.
struct ChronyEdits {
    std::string before;
    std::string staged;  ///< while old and new are there: should chronyd be started anew, it follows both
    std::string final;
};

/// What the plan makes of the configuration file.
[[nodiscard]] ChronyEdits edit_chrony_config(std::string_view text, const ChronyMarks& marks, const ChronyPlan& plan);

/// What chronyd would follow without us: `effective` (of `chronyd -p`, which includes other files) without our lines,
/// and with the silenced ones.
[[nodiscard]] std::vector<ChronyDirective> without_marks(std::vector<ChronyDirective> effective,
                                                         const ChronyMarks& marks);

}  // namespace ntpopt
