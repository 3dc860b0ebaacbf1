// systemd-timesyncd's face on the bus (org.freedesktop.timesync1(5)): one question and one order. Each goes to the
// unique name of the very process that was found in /proc, so that nobody answers in its place and it is never started
// for a question. Signals are not heard: a property that is read is the truth, and a signal only a hint at it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/core/plan/timesyncd_report.hpp"
#include "daemon/io/bus/bus_call.hpp"

namespace ntpopt {

class TimesyncdBus {
  public:
    explicit TimesyncdBus(BusPump& pump);

    /// What the timesyncd with this PID says of itself. Errors: Errc::unavailable where it is not on the bus (yet),
    /// Errc::timeout, Errc::parse.
    boost::asio::awaitable<Result<TimesyncdStatus>> status(pid_t pid);

    /// Sets the list that takes the place of the configured one until timesyncd ends; empty: the configured one. It
    /// forgets whom it asks and begins with the first server at once.
    boost::asio::awaitable<Status> set_servers(pid_t pid, std::vector<std::string> servers);

  private:
    boost::asio::awaitable<Result<std::string>> owner(pid_t pid);

    BusPump& pump_;
    BusObject bus_;
};

}  // namespace ntpopt
