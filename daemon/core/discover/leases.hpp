// Which NTP servers DHCP named, from what the DHCP clients of the machine leave behind. What stands there came from
// whoever answered on the network: every entry is validated again, and their number is bounded. Reading the files and
// asking NetworkManager is daemon/io/discover/dhcp.cpp's work.
#pragma once

#include <string_view>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/discover/candidate.hpp"

namespace ntpopt {

/// No network has more servers for its clients than this; the rest of a list is dropped.
inline constexpr std::size_t kMaxLeaseServers = 32;

/// The hosts of a list separated by blanks or commas, each once. Loopback and multicast addresses are passed over, as
/// is whatever is no host at all: an answer of DHCP that names them is broken.
[[nodiscard]] std::vector<Host> parse_lease_servers(std::string_view text);

/// systemd-networkd's lease or link file (/run/systemd/netif): the value of "NTP=".
[[nodiscard]] std::vector<Host> parse_networkd_lease(std::string_view text);

/// dhclient.leases(5): of each interface the last lease counts, and none that has expired at `now_s` (seconds since
/// 1970). DHCPv6 leases (dhcp6.sntp-servers, dhcp6.ntp-servers) are taken as they are, since theirs expire by address.
[[nodiscard]] std::vector<Host> parse_dhclient_leases(std::string_view text, double now_s);

/// The "server NAME ..." lines of a file that chrony's DHCP hook wrote (/run/chrony-dhcp).
[[nodiscard]] std::vector<Host> parse_chrony_dhcp(std::string_view text);

/// All of them as candidates, each once.
[[nodiscard]] std::vector<Candidate> dhcp_candidates(const std::vector<Host>& hosts);

}  // namespace ntpopt
