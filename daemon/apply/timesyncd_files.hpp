// Where systemd-timesyncd's configuration lies, read as it reads it. The places are systemd's own and the same on every
// distribution. Writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/plan/timesyncd_config.hpp"

namespace ntpopt {

inline constexpr const char* kTimesyncdConfig = "/etc/systemd/timesyncd.conf";
/// Our drop-in, kTimesyncdDropIn in the administrator's folder.
inline constexpr const char* kTimesyncdOurPath = "/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf";

struct TimesyncdFiles {
    std::vector<TimesyncdFile> others;  ///< in the order in which timesyncd reads them
    std::optional<std::string> ours;    ///< nothing: no such file
};

/// All files that timesyncd reads at its start. Errors: Errc::io, Errc::parse where there are too many.
[[nodiscard]] Result<TimesyncdFiles> read_timesyncd_files();

}  // namespace ntpopt
