// The text of /etc/hosts as a table of names. Reading the file is daemon/io/net/resolver.cpp's work.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/host.hpp"

namespace ntpopt {

/// A name may have several addresses, of both families, on several lines.
using HostsTable = std::map<std::string, std::vector<Address>, std::less<>>;

/// Reads what hosts(5) describes; lines that make no sense and addresses with a zone are passed over.
[[nodiscard]] HostsTable parse_hosts(std::string_view text);

}  // namespace ntpopt
