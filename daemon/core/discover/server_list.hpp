// Server lists of other people: our own TOML catalogue, a JSON array, plain names a line, or a Markdown page with
// tables. A list proposes names and nothing else: what it says of operators would move votes, so it does not count.
// Fetching is daemon/io/net/https.cpp's work.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/discover/candidate.hpp"

namespace ntpopt {

/// A longer list is no list of time servers.
inline constexpr std::size_t kMaxListBytes = 1024 * 1024;
inline constexpr std::size_t kMaxListServers = 1000;

struct ServerList {
    std::string_view format;  ///< "toml", "json", "markdown" or "names"
    std::vector<Candidate> candidates;
    std::size_t refused = 0;  ///< entries that stood where a name should, and were none that may be asked
};

/// Reads any of the formats, told apart by their look. An error where not one name is in it. Names must have a dot and
/// must not end in a domain that is never public (RFC 6761, RFC 6762, RFC 8375); addresses must be public.
[[nodiscard]] Result<ServerList> parse_server_list(std::string_view text);

/// Whether a stranger may propose it: see parse_server_list().
[[nodiscard]] bool is_public_host(const Host& host);

}  // namespace ntpopt
