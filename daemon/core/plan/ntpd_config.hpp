// Reads ntp.conf as far as a change of sources needs it: sources, what selects among them, what else brings sources or
// stands in the way, files that it includes. The grammar is that of ntp.conf(5), of ntpsec and of the classic ntpd
// 4.2.8. Every other directive is skipped; validating is ntpd's work.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"

namespace ntpopt {

enum class NtpdFlavour { ntpsec, classic };

enum class NtpdSourceKind { server, pool, peer };

[[nodiscard]] std::string_view name_of(NtpdSourceKind kind);

/// One server, pool or peer line.
struct NtpdDirective {
    NtpdSourceKind kind = NtpdSourceKind::server;
    std::string name;            ///< exactly as written: ntpsec's unpeer compares letter by letter
    bool authenticated = false;  ///< has a key, autokey or nts
    bool selectable = true;      ///< false with noselect
    bool refclock = false;       ///< 127.127.t.u is a reference clock of the classic ntpd
    std::size_t line = 0;        ///< from 0, in its file
    friend bool operator==(const NtpdDirective&, const NtpdDirective&) = default;
};

/// What one file says.
struct NtpdConfig {
    std::vector<NtpdDirective> sources;
    std::vector<std::string> unpeers;    ///< names and addresses that are taken away again
    std::vector<std::string> includes;   ///< of includefile, in order, as written
    std::vector<std::string> refclocks;  ///< ntpsec's refclock directives, for people
    std::vector<std::string> listeners;  ///< directives by which ntpd takes sources that nobody named
    std::optional<int> min_sane;
    std::optional<double> step_limit_s;   ///< tinker step; 0: never
    std::optional<double> panic_limit_s;  ///< tinker panic; 0: never
    std::string leap_file;
    bool disabled = false;  ///< disable ntp: it never steers the clock
};

/// Bounds of what is read.
inline constexpr std::size_t kMaxNtpdText = 1024 * 1024;
inline constexpr std::size_t kMaxNtpdLine = 4096;
inline constexpr std::size_t kMaxNtpdDirectives = 1000;

/// Parses one file. Too long or too many is Errc::parse.
[[nodiscard]] Result<NtpdConfig> parse_ntpd_config(std::string_view text);

/// From `ntpd --version`: the flavour and its number ("1.2.2", "4.2.8p15"). Errc::refused names who it is instead.
struct NtpdVersion {
    NtpdFlavour flavour = NtpdFlavour::ntpsec;
    std::string number;
};
[[nodiscard]] Result<NtpdVersion> parse_ntpd_version(std::string_view text);

/// The configuration file that ntpd was started with: -c or --configfile in its arguments; empty: the one compiled in.
[[nodiscard]] std::string ntpd_config_path(const std::vector<std::string>& arguments);

}  // namespace ntpopt
