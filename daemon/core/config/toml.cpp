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

constexpr std::size_t kMaxPaths = 8 * kMaxTomlBytes;
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

/// Makes Json of the library's nodes and notes where each stands, by its whole path: long keys over many values would
/// make a gigabyte of a megabyte.
class Converter {
  public:
    explicit Converter(TomlDocument& document) : document_(document) {}

    Json convert(const toml::table& table, const std::string& path) {
        auto out = Json::object();
        for (const auto& [key, child] : table) {
            const auto below = path + '/' + std::string(key.str());
            // A table that was opened by a header has its place in the header; a dotted key has it in the key.
            if (!note(below, key.source().begin.line)) break;
            out[std::string(key.str())] = convert(child, below);
        }
        return out;
    }

    /// The line at which the paths became too long together, or 0.
    [[nodiscard]] int full_at() const { return full_at_; }

  private:
    Json convert(const toml::node& node, const std::string& path) {
        if (const auto* table = node.as_table()) return convert(*table, path);
        if (const auto* array = node.as_array()) {
            auto out = Json::array();
            for (const auto& child : *array) {
                const auto below = fmt::format("{}/{}", path, out.size());
                if (!note(below, child.source().begin.line)) break;
                out.push_back(convert(child, below));
            }
            return out;
        }
        if (const auto* text = node.as_string()) return text->get();
        if (const auto* integer = node.as_integer()) return integer->get();
        if (const auto* number = node.as_floating_point()) return number->get();
        if (const auto* boolean = node.as_boolean()) return boolean->get();
        return nullptr;
    }

    bool note(const std::string& path, toml::source_index line) {
        noted_ += path.size();
        if (noted_ > kMaxPaths && full_at_ == 0) full_at_ = static_cast<int>(line);
        if (full_at_ == 0) document_.lines.emplace(path, static_cast<int>(line));
        return full_at_ == 0;
    }

    TomlDocument& document_;
    std::size_t noted_ = 0;
    int full_at_ = 0;
};

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
        Converter converter(document);
        document.root = converter.convert(table, "");
        if (converter.full_at() != 0)
            return TomlError{converter.full_at(), "too many values below keys as long as these"};
        return document;
    } catch (const toml::parse_error& error) {  // the library's way to report bad input; it goes no further than here
        return TomlError{static_cast<int>(error.source().begin.line), printable(error.description(), 300)};
    }
}

void throw_exception_from_error(const TomlError& error, const boost::source_location&) {
    throw std::logic_error(fmt::format("unchecked TOML error: line {}: {}", error.line, error.what));
}

}  // namespace ntpopt
