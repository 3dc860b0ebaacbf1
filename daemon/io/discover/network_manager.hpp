// The NTP servers of NetworkManager's leases, over the bus. It is asked where it runs, and never started.
#pragma once

#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"
#include "daemon/io/bus/bus_pump.hpp"

namespace ntpopt {

/// Of all active connections, DHCPv4 before DHCPv6 of each; nothing where NetworkManager does not run. `pump` outlives
/// the call. Errc::timeout where it leaves one call unanswered for `call_deadline`.
boost::asio::awaitable<Result<std::vector<Host>>> ask_network_manager(BusPump* pump, Duration call_deadline);

/// The time zone that systemd-timedated tells, for machines whose /etc/localtime is no link into zoneinfo.
boost::asio::awaitable<Result<std::string>> ask_time_zone(BusPump* pump, Duration call_deadline);

}  // namespace ntpopt
