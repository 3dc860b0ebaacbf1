// Which NTP daemons run on this machine, seen through /proc: only processes in our own PID, mount and network
// namespaces, so that the daemons of containers are not taken for ours; a sandbox that systemd puts around a service is
// no container. Judges nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"

namespace ntpopt {

struct ProcessInfo {
    pid_t pid = 0;
    pid_t parent = 0;
    std::string exe;                     ///< path of the program; where that was replaced since, another one lies there
    std::string name;                    ///< base name of the program as it was started
    std::vector<std::string> arguments;  ///< with the program's own name first
    std::uint64_t start_ticks = 0;       ///< since boot; with the PID it names a process for good
    std::string unit;                    ///< the systemd service of its control group, "" where there is none
    uid_t user = 0;                      ///< its real user
    bool may_set_clock = false;          ///< it holds CAP_SYS_TIME, by which its user does not matter
    bool in_session = false;             ///< it is in a login's session or below a user's own service manager
    std::string distrust;                ///< why we must not run `exe`, "" where only root can change what lies there
};

/// Processes whose program is one of `names`, ordered by PID. Those that end while we look are left out. A process of
/// one of the systemd services `units` may have a mount namespace of its own: PrivateTmp= and ProtectSystem= make one.
[[nodiscard]] Result<std::vector<ProcessInfo>> find_processes(const std::vector<std::string_view>& names,
                                                              const std::vector<std::string_view>& units = {});

/// "PID:START:BOOT", the same as long as the process lives, and never again.
[[nodiscard]] std::string instance_of(const ProcessInfo& process);

/// The kernel's boot identifier (/proc/sys/kernel/random/boot_id).
[[nodiscard]] Result<std::string> boot_id();

}  // namespace ntpopt
