// Text in columns: how wide it is on a terminal, cut to a width, wrapped to it. The text is printable ASCII but for
// characters that we put in ourselves, each one column wide; no escape sequences.
#pragma once

#include <string>
#include <string_view>

namespace ntpopt::ctl {

/// How many columns the text takes.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// The text, or as much of it as fits with `mark` behind, so that it takes no more than `width` columns.
[[nodiscard]] std::string fit_columns(const std::string& text, std::size_t width, std::string_view mark);

/// Broken at blanks into lines of at most `width` columns (0 for as many as it takes); the first begins at column
/// `indent`, which is not written, the others do after so many blanks. No line end behind the last.
[[nodiscard]] std::string wrap_columns(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace ntpopt::ctl
