// Small text tools. printable() is the door through which everything a stranger sent us passes before people see it.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ntpopt {

/// The text, of a URL its scheme alone: the rest may be a secret.
[[nodiscard]] std::string without_url(std::string_view text);

/// The text with everything but printable ASCII shown as \xNN, cut to `limit` characters with "..." behind.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 256);

/// Without leading and trailing blanks, tabs, CR and LF.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Pieces between single separators; empty pieces are kept.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// Words between runs of blanks and tabs; no empty words.
[[nodiscard]] std::vector<std::string_view> words(std::string_view text);

/// Lines without their ends; a missing final newline makes no difference.
[[nodiscard]] std::vector<std::string_view> lines(std::string_view text);

/// The text in pieces that each end with their newline; the last one may have none.
[[nodiscard]] std::vector<std::string_view> whole_lines(std::string_view text);

/// The whole text as a number, and nothing else: no blanks, no "+". An integer is read in that base and fits its type;
/// a floating point number may be infinite or none.
template <typename Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text, [[maybe_unused]] int base = 10) {
    const char* const end = text.data() + text.size();
    Number number{};
    std::from_chars_result read{};
    if constexpr (std::floating_point<Number>)
        read = std::from_chars(text.data(), end, number);
    else
        read = std::from_chars(text.data(), end, number, base);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

[[nodiscard]] std::string to_lower(std::string_view text);

/// The known word with the fewest edits to `word`, or "" where none is nearer than half its length.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// "1 server", "2 servers".
[[nodiscard]] std::string count_of(std::size_t count, std::string_view singular);

}  // namespace ntpopt
