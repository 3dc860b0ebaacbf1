// The marks in the ntp.conf of the classic ntpd: sources of its own are silenced behind "#ntpopt# ", and its first line
// includes our file. Every mark is a line's own, so that they go and come whatever an administrator changed elsewhere
// in the text meanwhile. Text in, text out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ntpopt {

/// What stands before a line of ntp.conf that we took away.
inline constexpr std::string_view kNtpdMark = "#ntpopt# ";

/// The text, which bears no marks, with its own sources of these names silenced, and where it `includes` our file with
/// the line that does. Reference clocks are never silenced.
[[nodiscard]] std::string mark_ntpd_text(std::string_view text, const std::vector<std::string>& names,
                                         const std::string& our_path, bool includes);

/// Takes our marks and our includefile line out of a text of ntp.conf.
[[nodiscard]] std::string unmark_ntpd_text(std::string_view text, const std::string& our_path);

/// The text with the marks of `like`, an earlier one of the same file, in the place of its own.
[[nodiscard]] std::string remark_ntpd_text(std::string_view text, std::string_view like, const std::string& our_path);

}  // namespace ntpopt
