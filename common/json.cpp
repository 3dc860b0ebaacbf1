// Implementation of json.hpp; the only file that instantiates the JSON parser.
#include "common/json.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ntpopt {
namespace {

constexpr int kMaxDepth = 32;

const Json* member(const Json& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

/// Nesting is counted before the parser recurses into it; brackets inside strings do not count.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\')
            ++i;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '[') && ++depth > kMaxDepth)
            return true;
        else if (!quoted && (c == '}' || c == ']'))
            --depth;
    }
    return false;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
    if (text.size() > max_bytes) return Error{Errc::parse, fmt::format("JSON of more than {} bytes", max_bytes)};
    if (too_deep(text)) return Error{Errc::parse, fmt::format("JSON nested more than {} deep", kMaxDepth)};
    try {
        return Json::parse(text);
    } catch (const Json::exception& e) {
        return Error{Errc::parse, e.what()};
    }
}

std::string render_json(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string get_string(const Json& object, std::string_view key, std::string_view fallback) {
    const auto* found = member(object, key);
    return found && found->is_string() ? found->get<std::string>() : std::string(fallback);
}

std::optional<double> get_number(const Json& object, std::string_view key) {
    const auto* found = member(object, key);
    if (!found || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

std::optional<std::int64_t> get_integer(const Json& object, std::string_view key) {
    const auto* found = member(object, key);
    if (!found || !found->is_number_integer()) return std::nullopt;
    if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
    return found->get<std::int64_t>();
}

bool get_bool(const Json& object, std::string_view key, bool fallback) {
    const auto* found = member(object, key);
    return found && found->is_boolean() ? found->get<bool>() : fallback;
}

const Json& get_array(const Json& object, std::string_view key) {
    static const Json kEmpty = Json::array();
    const auto* found = member(object, key);
    return found && found->is_array() ? *found : kEmpty;
}

const Json& get_object(const Json& object, std::string_view key) {
    static const Json kEmpty = Json::object();
    const auto* found = member(object, key);
    return found && found->is_object() ? *found : kEmpty;
}

std::optional<std::string> get_optional_string(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

Json string_or_null(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json();
}

std::vector<std::string> get_strings(const Json& object, std::string_view key) {
    std::vector<std::string> texts;
    for (const auto& item : get_array(object, key))
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

Json number_or_null(std::optional<double> number) {
    return number && std::isfinite(*number) ? Json(*number) : Json(nullptr);
}

}  // namespace ntpopt
