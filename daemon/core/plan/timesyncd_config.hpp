// Reads systemd-timesyncd's configuration language as far as servers go: timesyncd.conf and its drop-ins, as systemd
// puts them together. Every other setting is skipped; nothing is written here, and no name is judged.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.hpp"

namespace ntpopt {

/// A configuration file as it was found.
struct TimesyncdFile {
    std::string path;
    std::string text;
    friend bool operator==(const TimesyncdFile&, const TimesyncdFile&) = default;
};

/// What all files together say, each name once, in the order in which timesyncd tries them.
struct TimesyncdServers {
    std::vector<std::string> system;    ///< NTP=
    std::vector<std::string> fallback;  ///< FallbackNTP=; empty also where timesyncd has its compiled-in ones
    friend bool operator==(const TimesyncdServers&, const TimesyncdServers&) = default;
};

/// Bounds of what is read; timesyncd itself has none but memory.
inline constexpr std::size_t kMaxTimesyncdText = 1024 * 1024;
inline constexpr std::size_t kMaxTimesyncdFiles = 256;
inline constexpr std::size_t kMaxTimesyncdServers = 1000;

/// Puts the files together in their order, timesyncd.conf first: NTP= adds, an empty NTP= forgets what was said before.
/// Errors: Errc::parse where there is more than the bounds allow.
[[nodiscard]] Result<TimesyncdServers> parse_timesyncd_files(const std::vector<TimesyncdFile>& files);

/// Whether a file says anything about NTP=.
[[nodiscard]] bool sets_timesyncd_servers(std::string_view text);

/// The drop-ins that count, as (folder, name), in the order in which they are read: by name over all folders. Of two
/// with one name that of the earlier folder counts (systemd.syntax(7)). `found` has the names in each folder.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> order_timesyncd_dropins(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& found);

}  // namespace ntpopt
