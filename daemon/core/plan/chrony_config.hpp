// Reads chrony's configuration language as far as sources go: what `chronyd -p` prints (the effective configuration,
// with include and confdir already expanded) and *.sources files. Every other directive is skipped; validating is
// chronyd's work.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/host.hpp"
#include "daemon/core/plan/source_name.hpp"

namespace ntpopt {

enum class ChronySourceKind { server, pool, peer };

[[nodiscard]] std::string_view name_of(ChronySourceKind kind);

/// One server, pool or peer line.
struct ChronyDirective {
    ChronySourceKind kind = ChronySourceKind::server;
    std::string name;  ///< as chronyc -N shows it: the written name; compare with same_source_name()
    std::uint16_t port = kNtpPort;
    int max_sources = 1;         ///< members of a pool (4 where not said, chrony.conf(5)); 1 for the others
    bool authenticated = false;  ///< has nts or key: replacing it by a plain source would weaken it
    bool selectable = true;      ///< false with noselect
    std::string text;            ///< the line itself, blanks normalised: what brings the source back
    friend bool operator==(const ChronyDirective&, const ChronyDirective&) = default;
};

struct ChronyConfig {
    std::vector<ChronyDirective> sources;
    std::vector<std::string> source_dirs;  ///< of all sourcedir directives, in order
    std::string command_socket;            ///< bindcmdaddress where it is a path; empty: compiled in
    int min_sources = 1;
    std::string auth_select_mode = "mix";
    double step_limit_s = 0;     ///< makestep's threshold, or maxchange's if it is less; 0: neither is configured
    bool serves_others = false;  ///< allow: other machines may ask it
    std::string leap_source;     ///< leapsectz or leapseclist with its argument: chronyd inserts leap seconds by itself
};

/// Bounds of what is read: chrony's own lines end at 2048 characters, and nobody has a thousand sources.
inline constexpr std::size_t kMaxChronyText = 1024 * 1024;
inline constexpr std::size_t kMaxChronyLine = 2048;
inline constexpr std::size_t kMaxChronyDirectives = 1000;

/// Parses the output of `chronyd -p`. Unknown directives are skipped; too long or too many is Errc::parse.
[[nodiscard]] Result<ChronyConfig> parse_chrony_config(std::string_view text);

/// Parses a *.sources file: its server, pool and peer lines. A last line without its newline does not count, since
/// chronyd drops it.
[[nodiscard]] Result<std::vector<ChronyDirective>> parse_chrony_sources_file(std::string_view text);

/// The directory for our file among those of the configuration: /etc/chrony/sources.d where it is listed, else the
/// first that outlives a reboot, else the first at all; nothing where there is none.
[[nodiscard]] std::optional<std::string> choose_source_dir(const std::vector<std::string>& dirs);

/// The directory for restore lines that should vanish with a reboot: the first below /run, or nothing.
[[nodiscard]] std::optional<std::string> choose_volatile_dir(const std::vector<std::string>& dirs);

/// True below /run and /var/run: what DHCP clients write and a reboot forgets.
[[nodiscard]] bool is_volatile_path(std::string_view path);

}  // namespace ntpopt
