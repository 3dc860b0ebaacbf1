// Implementation of chrony_config.hpp; the grammar is that of chrony.conf(5).
#include "daemon/core/plan/chrony_config.hpp"

#include <algorithm>
#include <array>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

/// Options of server, pool and peer that stand alone; every other option has one argument.
constexpr std::array<string_view, 13> kFlags{"auto_offline", "burst",    "copy",  "iburst",  "ipv4",
                                             "ipv6",         "noselect", "nts",   "offline", "prefer",
                                             "require",      "trust",    "xleave"};

constexpr int kDefaultPoolMembers = 4;

std::optional<int> parse_int(string_view text, int low, int high) {
    const auto value = parse_number<int>(text);
    return value && *value >= low && *value <= high ? value : std::nullopt;
}

/// 0 where it is no number.
double parse_seconds(string_view text) {
    return parse_number<double>(text).value_or(0);
}

std::string join(const std::vector<string_view>& parts) {
    std::string text;
    for (const string_view part : parts) {
        if (!text.empty()) text += ' ';
        text += part;
    }
    return text;
}

bool is_plain(string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::optional<ChronySourceKind> parse_kind(string_view word) {
    if (word == "server") return ChronySourceKind::server;
    if (word == "pool") return ChronySourceKind::pool;
    if (word == "peer") return ChronySourceKind::peer;
    return std::nullopt;
}

/// The line's words, none for blank lines and comments.
std::vector<string_view> directive_words(string_view line) {
    auto parts = words(trim(line));
    if (!parts.empty() && string_view("!;#%").find(parts[0][0]) != string_view::npos) parts.clear();
    return parts;
}

/// A source line, or nothing where the line is something else or chronyd itself would not take it.
std::optional<ChronyDirective> parse_directive(const std::vector<string_view>& parts) {
    if (parts.size() < 2) return std::nullopt;
    const auto kind = parse_kind(to_lower(parts[0]));
    if (!kind) return std::nullopt;

    ChronyDirective directive;
    directive.kind = *kind;
    directive.name = std::string(parts[1]);
    directive.max_sources = *kind == ChronySourceKind::pool ? kDefaultPoolMembers : 1;
    directive.text = join(parts);
    for (std::size_t i = 2; i < parts.size(); ++i) {
        const std::string option = to_lower(parts[i]);
        if (option == "nts") directive.authenticated = true;
        if (option == "noselect") directive.selectable = false;
        if (std::find(kFlags.begin(), kFlags.end(), option) != kFlags.end()) continue;
        if (++i == parts.size()) break;
        if (option == "key") directive.authenticated = true;
        if (option == "port")
            directive.port = static_cast<std::uint16_t>(parse_int(parts[i], 1, 65535).value_or(kNtpPort));
        if (option == "maxsources" && *kind == ChronySourceKind::pool)
            directive.max_sources = parse_int(parts[i], 1, 16).value_or(kDefaultPoolMembers);
    }
    return directive;
}

Status check_bounds(string_view text) {
    if (text.size() > kMaxChronyText) return Error{Errc::parse, "chrony configuration of more than 1 MiB"};
    return {};
}

Status check_line(string_view line) {
    if (line.size() > kMaxChronyLine)
        return Error{Errc::parse, "a line of more than 2048 characters in chrony's configuration"};
    return {};
}

/// A name or option with other characters than printable ASCII would not survive being written back.
Status check_directive(const ChronyDirective& directive) {
    if (!is_plain(directive.text))
        return Error{Errc::parse, "unprintable characters in a source line: " + printable(directive.text)};
    return {};
}

void read_setting(ChronyConfig& config, const std::vector<string_view>& parts) {
    const std::string word = to_lower(parts[0]);
    if (word == "allow") config.serves_others = true;
    if (parts.size() < 2) return;
    if (word == "sourcedir")
        for (std::size_t i = 1; i < parts.size() && config.source_dirs.size() < kMaxChronyDirectives; ++i)
            config.source_dirs.emplace_back(parts[i]);
    if (word == "bindcmdaddress" && parts[1].starts_with('/')) config.command_socket = std::string(parts[1]);
    if (word == "minsources") config.min_sources = parse_int(parts[1], 1, 1000).value_or(config.min_sources);
    // makestep THRESHOLD LIMIT (a negative limit: always), maxchange OFFSET START IGNORE: beyond it chronyd ends.
    if ((word == "makestep" && !(parts.size() > 2 && parts[2] == "0")) || word == "maxchange")
        if (const double limit = parse_seconds(parts[1]); limit > 0)
            config.step_limit_s = config.step_limit_s > 0 ? std::min(config.step_limit_s, limit) : limit;
    if (word == "authselectmode") config.auth_select_mode = to_lower(parts[1]);
    if (word == "leapsectz" || word == "leapseclist") config.leap_source = word + ' ' + std::string(parts[1]);
}

}  // namespace

string_view name_of(ChronySourceKind kind) {
    switch (kind) {
        case ChronySourceKind::pool:
            return "pool";
        case ChronySourceKind::peer:
            return "peer";
        case ChronySourceKind::server:
            break;
    }
    return "server";
}

Result<ChronyConfig> parse_chrony_config(string_view text) {
    if (auto bounds = check_bounds(text); !bounds) return bounds.error();
    ChronyConfig config;
    for (const string_view line : lines(text)) {
        const auto parts = directive_words(line);
        if (parts.empty()) continue;
        if (auto fine = check_line(line); !fine) return fine.error();
        if (auto directive = parse_directive(parts)) {
            if (auto fine = check_directive(*directive); !fine) return fine.error();
            if (config.sources.size() == kMaxChronyDirectives)
                return Error{Errc::parse, "more than 1000 sources in chrony's configuration"};
            config.sources.push_back(std::move(*directive));
        } else {
            read_setting(config, parts);
        }
    }
    return config;
}

Result<std::vector<ChronyDirective>> parse_chrony_sources_file(string_view text) {
    if (auto bounds = check_bounds(text); !bounds) return bounds.error();
    const auto end = text.rfind('\n');
    text = end == string_view::npos ? string_view() : text.substr(0, end + 1);
    std::vector<ChronyDirective> directives;
    for (const string_view line : lines(text)) {
        if (auto fine = check_line(line); !fine) return fine.error();
        if (auto directive = parse_directive(directive_words(line))) {
            if (auto fine = check_directive(*directive); !fine) return fine.error();
            if (directives.size() == kMaxChronyDirectives)
                return Error{Errc::parse, "more than 1000 lines in a sources file"};
            directives.push_back(std::move(*directive));
        }
    }
    return directives;
}

bool is_volatile_path(string_view path) {
    return path.starts_with("/run/") || path.starts_with("/var/run/");
}

std::optional<std::string> choose_source_dir(const std::vector<std::string>& dirs) {
    if (dirs.empty()) return std::nullopt;
    for (const auto& dir : dirs)
        if (dir == "/etc/chrony/sources.d") return dir;
    for (const auto& dir : dirs)
        if (!is_volatile_path(dir)) return dir;
    return dirs.front();
}

std::optional<std::string> choose_volatile_dir(const std::vector<std::string>& dirs) {
    for (const auto& dir : dirs)
        if (is_volatile_path(dir)) return dir;
    return std::nullopt;
}

}  // namespace ntpopt
