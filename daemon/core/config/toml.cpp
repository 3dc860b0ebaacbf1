// parse_toml() on toml++. The scan before it keeps out what would make the library recurse without a bound: it nests
// one table for each part of a dotted key, and a megabyte of "a.a.a" would overflow the stack when those are destroyed.
#include "daemon/core/config/toml.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>
#include <stdexcept>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr int kMaxDotsInLine = 16;  // outside strings and comments; our keys have one, numbers one each

/// What makes a line unfit, or nothing. Strings end with their line, because multi-line ones are refused.
std::optional<std::string> unfit(std::string_view line) {
    int dots = 0;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0) {
            if (c == '\\' && quote == '"') ++i;
            if (c == quote) quote = 0;
            continue;
        }
        if (c == '#') break;
        if (c == '"' || c == '\'') {
            if (line.substr(i, 3) == std::string(3, c)) return "multi-line strings are not taken; write a plain one";
            quote = c;
        }
        if (c == '.' && ++dots > kMaxDotsInLine) return "too many dots for a key";
    }
    return std::nullopt;
}

Json convert(const toml::node& node, const std::string& path, TomlDocument& document);

Json convert(const toml::table& table, const std::string& path, TomlDocument& document) {
    auto out = Json::object();
    for (const auto& [key, child] : table) {
        const auto below = path + '/' + std::string(key.str());
        // A table that was opened by a header has its place in the header; a dotted key has it in the key.
        document.lines.emplace(below, static_cast<int>(key.source().begin.line));
        out[std::string(key.str())] = convert(child, below, document);
    }
    return out;
}

Json convert(const toml::node& node, const std::string& path, TomlDocument& document) {
    if (const auto* table = node.as_table()) return convert(*table, path, document);
    if (const auto* array = node.as_array()) {
        auto out = Json::array();
        for (const auto& child : *array) {
            const auto below = fmt::format("{}/{}", path, out.size());
            document.lines.emplace(below, static_cast<int>(child.source().begin.line));
            out.push_back(convert(child, below, document));
        }
        return out;
    }
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* integer = node.as_integer()) return integer->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* boolean = node.as_boolean()) return boolean->get();
    return nullptr;
}

}  // namespace

int TomlDocument::line_of(std::string_view path) const {
    for (;;) {
        if (const auto found = lines.find(path); found != lines.end()) return found->second;
        const auto slash = path.rfind('/');
        if (slash == std::string_view::npos) return 0;
        path = path.substr(0, slash);
    }
}

boost::system::result<TomlDocument, TomlError> parse_toml(std::string_view text) {
    if (text.size() > kMaxTomlBytes) return TomlError{1, "the file is larger than 1 MiB"};
    int number = 0;
    for (const auto line : lines(text)) {
        ++number;
        if (auto why = unfit(line)) return TomlError{number, *std::move(why)};
    }
    try {
        const auto table = toml::parse(text);
        TomlDocument document;
        document.root = convert(table, "", document);
        return document;
    } catch (const toml::parse_error& error) {  // the library's way to report bad input; it goes no further than here
        return TomlError{static_cast<int>(error.source().begin.line), printable(error.description(), 300)};
    }
}

void throw_exception_from_error(const TomlError& error, const boost::source_location&) {
    throw std::logic_error(fmt::format("unchecked TOML error: line {}: {}", error.line, error.what));
}

}  // namespace ntpopt
