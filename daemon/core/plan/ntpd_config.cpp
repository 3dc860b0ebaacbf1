// Implementation of ntpd_config.hpp.
#include "daemon/core/plan/ntpd_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

/// Directives by which ntpd follows whoever sends or answers first.
constexpr std::array<string_view, 3> kListeners{"broadcastclient", "multicastclient", "manycastclient"};

/// Words as ntpd's scanner sees them: "#" ends the line, quotes may hold blanks, "=" stands where a blank may.
std::vector<std::string> scan(string_view line) {
    std::vector<std::string> found;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(" \t\r=", at)) != string_view::npos && line[at] != '#') {
        if (line[at] == '"') {
            const std::size_t end = std::min(line.find('"', at + 1), line.size());
            found.emplace_back(line.substr(at + 1, end - at - 1));
            at = end + 1;
        } else {
            const std::size_t end = std::min(line.find_first_of(" \t\r=#", at), line.size());
            found.emplace_back(line.substr(at, end - at));
            at = end;
        }
        if (at >= line.size()) break;
    }
    return found;
}

std::optional<NtpdSourceKind> parse_kind(string_view word) {
    if (word == "server") return NtpdSourceKind::server;
    if (word == "pool") return NtpdSourceKind::pool;
    if (word == "peer") return NtpdSourceKind::peer;
    return std::nullopt;
}

std::optional<double> parse_limit(string_view text) {
    const auto value = parse_number<double>(text);
    return value && std::isfinite(*value) && *value >= 0 ? value : std::nullopt;
}

std::optional<NtpdDirective> parse_source(const std::vector<std::string>& parts) {
    const auto kind = parse_kind(parts[0]);
    std::size_t at = 1;
    if (at < parts.size() && (parts[at] == "-4" || parts[at] == "-6")) ++at;
    if (!kind || at >= parts.size()) return std::nullopt;
    NtpdDirective directive;
    directive.kind = *kind;
    directive.name = parts[at];
    directive.refclock = directive.name.starts_with("127.127.");
    for (const auto& option : std::vector(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1, parts.end())) {
        if (option == "key" || option == "autokey" || option == "nts") directive.authenticated = true;
        if (option == "noselect") directive.selectable = false;
    }
    return directive;
}

void read_setting(NtpdConfig& config, const std::vector<std::string>& parts) {
    const string_view word = parts[0];
    if (std::find(kListeners.begin(), kListeners.end(), word) != kListeners.end()) config.listeners.emplace_back(word);
    if (parts.size() < 2) return;
    if (word == "refclock") config.refclocks.push_back(parts[1]);
    if (word == "unpeer") config.unpeers.push_back(parts[1]);
    if (word == "includefile") config.includes.push_back(parts[1]);
    if (word == "leapfile") config.leap_file = parts[1];
    if (word == "disable" && std::find(parts.begin() + 1, parts.end(), "ntp") != parts.end()) config.disabled = true;
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        const auto number = parse_limit(parts[i + 1]);
        if (!number) continue;
        if (word == "tos" && parts[i] == "minsane") config.min_sane = static_cast<int>(std::min(*number, 1000.0));
        if (word == "tinker" && parts[i] == "step") config.step_limit_s = *number;
        if (word == "tinker" && parts[i] == "panic") config.panic_limit_s = *number;
    }
}

}  // namespace

string_view name_of(NtpdSourceKind kind) {
    switch (kind) {
        case NtpdSourceKind::pool:
            return "pool";
        case NtpdSourceKind::peer:
            return "peer";
        case NtpdSourceKind::server:
            break;
    }
    return "server";
}

Result<NtpdConfig> parse_ntpd_config(string_view text) {
    if (text.size() > kMaxNtpdText) return Error{Errc::parse, "ntpd's configuration has more than 1 MiB"};
    NtpdConfig config;
    const auto all = lines(text);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].size() > kMaxNtpdLine)
            return Error{Errc::parse, "a line of more than 4096 characters in ntpd's configuration"};
        const auto parts = scan(all[i]);
        if (parts.empty()) continue;
        if (config.sources.size() + config.unpeers.size() + config.includes.size() + config.refclocks.size() +
                config.listeners.size() ==
            kMaxNtpdDirectives)
            return Error{Errc::parse, "more than 1000 sources in ntpd's configuration"};
        if (auto source = parse_source(parts)) {
            source->line = i;
            config.sources.push_back(std::move(*source));
        } else {
            read_setting(config, parts);
        }
    }
    return config;
}

Result<NtpdVersion> parse_ntpd_version(string_view text) {
    constexpr string_view kNtpsec = "ntpsec-";
    const auto parts = words(lines(text).empty() ? string_view() : lines(text).front());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const string_view part = parts[i];
        if (part.starts_with(kNtpsec) && part.size() > kNtpsec.size())
            return NtpdVersion{NtpdFlavour::ntpsec, printable(part.substr(kNtpsec.size()), 20)};
        if (i > 0 && part.starts_with("4."))
            return NtpdVersion{NtpdFlavour::classic, printable(part.substr(0, part.find('@')), 20)};
    }
    if (text.find("usage: ntpd") != string_view::npos || text.find("OpenNTPD") != string_view::npos)
        return Error{
            Errc::refused,
            "this ntpd is OpenNTPD, which ntpopt cannot change; install ntpsec or chrony in its place, or name "
            "its servers in /etc/openntpd/ntpd.conf by hand"};
    return Error{Errc::refused, "this ntpd does not say that it is ntpsec or ntpd 4.2: " + printable(trim(text), 80)};
}

std::string ntpd_config_path(const std::vector<std::string>& arguments) {
    constexpr string_view kLong = "--configfile";
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const string_view argument = arguments[i];
        if ((argument == "-c" || argument == kLong) && i + 1 < arguments.size()) return arguments[i + 1];
        if (argument.starts_with(kLong) && argument.size() > kLong.size() && argument[kLong.size()] == '=')
            return std::string(argument.substr(kLong.size() + 1));
        if (argument.starts_with("-c") && argument.size() > 2) return std::string(argument.substr(2));
    }
    return "";
}

}  // namespace ntpopt
