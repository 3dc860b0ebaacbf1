// Which NTP service runs here, and whether it may be changed. What runs is seen through /proc, which works with every
// service manager and with none; where systemd answers, it adds what only it knows: the unit, the invocation, and what
// is installed without running. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/core/config/config.hpp"
#include "daemon/core/words.hpp"
#include "daemon/io/bus/systemd.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

struct Detected {
    Service service = Service::none;
    ProcessInfo process;                ///< its main process, where one runs
    std::string unit;                   ///< systemd's name of it, "" where it is not known
    std::string invocation;             ///< systemd's InvocationID, "" where it is not known
    std::vector<std::string> refusals;  ///< why it must not be changed, each a sentence
};

/// Sorts out what was found: helpers, one-shot runs and what users run for themselves do not count, and a program that
/// others than root can change is never the service; more than one is a conflict. `units` say more about a process that
/// is there; what they say runs and /proc does not show is not believed.
[[nodiscard]] Detected judge_processes(const std::vector<ProcessInfo>& processes, const std::vector<UnitFacts>& units,
                                       const ApplyConfig& config);

/// Of a change that began with this `instance` (instance_of()) of a service: that very process as long as it lives,
/// then the service of the same kind, whatever else runs beside it; nothing where there is none.
[[nodiscard]] Result<std::optional<ProcessInfo>> find_service(Service service, const std::string& instance);

/// The service of this machine. `systemd` may be null; one that does not answer is as good as none.
boost::asio::awaitable<Result<Detected>> detect_service(ApplyConfig config, Systemd* systemd);

}  // namespace ntpopt
