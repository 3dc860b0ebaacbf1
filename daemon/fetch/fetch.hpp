// Makes one request over HTTPS by libcurl: bounded in size and time, the certificate always verified, no proxy, no
// name looked up, no redirection followed. It waits where it must, so it lives in a process of its own, which the
// daemon kills at the deadline.
#pragma once

#include "daemon/core/discover/fetching.hpp"

namespace ntpopt {

/// Errors say what went wrong in words for people: the certificate, the size, the time, the status, a redirection to
/// what is not https. A host that the administrator did not name may have no private address.
[[nodiscard]] Result<FetchReply> fetch(const FetchRequest& request);

}  // namespace ntpopt
