// Answers the one HTTP request that comes on a connection, within bounds of time and size, for a socket unit with
// Accept=yes. No keep-alive, no TLS, no second request.
#pragma once

#include <functional>
#include <string>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace ntpopt::ctl {

/// Reads a request from `in` and answers it on `out`, both in `patience`; `body` is made only where it is asked for.
/// Errors: the peer went away, or does not take the answer.
[[nodiscard]] Status answer_http(int in, int out, Duration patience, const std::string& type,
                                 const std::function<std::string()>& body);

}  // namespace ntpopt::ctl
