// Has one request made by ntpopt-fetch, a process that lives as long as this takes: libcurl, its TLS and what either
// may get wrong stay out of the daemon.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "daemon/core/discover/fetching.hpp"

namespace ntpopt {

/// `program` is the path of ntpopt-fetch. Errors say what went wrong in words for people; Errc::shutting_down where the
/// caller was cancelled.
boost::asio::awaitable<Result<FetchReply>> fetch(std::string program, FetchRequest request);

}  // namespace ntpopt
