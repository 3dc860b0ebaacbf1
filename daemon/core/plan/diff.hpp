// A unified diff of two small texts, for dry-runs. Shows; never patches.
#pragma once

#include <string>
#include <string_view>

namespace ntpopt {

/// The unified diff (three lines of context) from `before` to `after` with the given file labels; empty where the texts
/// are equal. Beyond 2,000 lines on a side it names the line counts only.
[[nodiscard]] std::string unified_diff(std::string_view before, std::string_view after, std::string_view before_label,
                                       std::string_view after_label);

}  // namespace ntpopt
