// JSON as one type for the whole project, keys in the order they were written. Text from outside is parsed with bounds
// and never throws. Include this, not the library.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/error.hpp"

namespace ntpopt {

using Json = nlohmann::ordered_json;

/// Parses one JSON document of at most `max_bytes`, nested at most 32 deep. Errors name the byte position.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::size_t max_bytes = 16 * 1024 * 1024);

/// One line, or indented by `indent` blanks where that is not negative. Text that is no UTF-8 is replaced, never
/// thrown.
[[nodiscard]] std::string render_json(const Json& value, int indent = -1);

/// Members of an object, or the fallback where the key is missing or of another type.
[[nodiscard]] std::string get_string(const Json& object, std::string_view key, std::string_view fallback = "");
[[nodiscard]] std::optional<double> get_number(const Json& object, std::string_view key);
[[nodiscard]] std::optional<std::int64_t> get_integer(const Json& object, std::string_view key);
[[nodiscard]] bool get_bool(const Json& object, std::string_view key, bool fallback = false);
/// The array or object under the key, or an empty one.
[[nodiscard]] const Json& get_array(const Json& object, std::string_view key);
[[nodiscard]] const Json& get_object(const Json& object, std::string_view key);

/// The string under the key, nothing where it is missing, null or of another type; and back.
[[nodiscard]] std::optional<std::string> get_optional_string(const Json& object, std::string_view key);
[[nodiscard]] Json string_or_null(const std::optional<std::string>& text);
/// The strings in the array under the key; what is no string is left out.
[[nodiscard]] std::vector<std::string> get_strings(const Json& object, std::string_view key);

/// The number, or null where it is missing or not finite (JSON knows neither infinity nor NaN).
[[nodiscard]] Json number_or_null(std::optional<double> number);

}  // namespace ntpopt
