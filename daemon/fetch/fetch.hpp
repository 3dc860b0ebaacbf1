// Fetches one document over HTTPS by libcurl: bounded in size, time and redirections, the certificate always verified,
// no proxy. It waits where it must, so it lives in a process of its own, which the daemon kills at the deadline.
#pragma once

#include "daemon/core/discover/fetching.hpp"

namespace ntpopt {

/// Errors say what went wrong in words for people: the certificate, the size, the time, the status. A server that is
/// redirected to may have no private address; the one that the administrator names may.
[[nodiscard]] Result<FetchReply> fetch(const FetchRequest& request);

}  // namespace ntpopt
