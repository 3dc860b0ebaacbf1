// Which NTP service runs here, and whether it may be changed. Looks through /proc, which works with every service
// manager and with none; changes nothing.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/words.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

struct Detected {
    Service service = Service::none;
    ProcessInfo process;                ///< its main process, where one runs
    std::vector<std::string> refusals;  ///< why it must not be changed, each a sentence
};

/// Sorts out what was found: helpers and one-shot runs do not count, more than one service is a conflict.
[[nodiscard]] Detected judge_processes(const std::vector<ProcessInfo>& processes, const ApplyConfig& config);

/// The service of this machine.
[[nodiscard]] Result<Detected> detect_service(const ApplyConfig& config);

}  // namespace ntpopt
