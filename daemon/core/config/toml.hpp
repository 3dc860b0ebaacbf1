// TOML text as one Json value and the line of every key: the only door to the TOML library, so that nobody else has to
// know it. Takes a restricted TOML (no multi-line strings, no deeply dotted keys), which bounds the parser's recursion.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/json.hpp"

namespace ntpopt {

/// A larger text is no configuration of ours.
inline constexpr std::size_t kMaxTomlBytes = 1024 * 1024;

/// Where a text stops being TOML: the first such place, in words.
struct TomlError {
    int line = 0;
    std::string what;
};

struct TomlDocument {
    Json root;  ///< an object; dates and times, which no key of ours takes, are null
    /// The line, from 1, of every key as its path: "/schedule/interval", "/server/0/name".
    std::map<std::string, int, std::less<>> lines;

    /// The line of the path, or of the nearest ancestor that has one; 0 where none has.
    [[nodiscard]] int line_of(std::string_view path) const;
};

/// Parses any text; never throws, whatever it is.
[[nodiscard]] boost::system::result<TomlDocument, TomlError> parse_toml(std::string_view text);

/// TomlError as result's error type: asking a failed parse for its value is a bug of ours.
[[noreturn]] void throw_exception_from_error(const TomlError& error, const boost::source_location& where);

}  // namespace ntpopt
