// Fetches one document over HTTPS by libcurl on the loop, no thread: bounded in size, time and redirections, the
// certificate always verified. Names are resolved by the one who asks, so that libcurl, whose own resolver blocks when
// it is given up, never does it, and so that every address is seen before it is connected to. Proxies are not used.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

struct HttpsRequest {
    std::string url;
    std::string etag;  ///< of the copy that is there; empty where there is none
    Duration deadline = std::chrono::seconds(10);
    std::size_t max_bytes = 1024 * 1024;
    int max_redirects = 3;
};

struct HttpsReply {
    bool unchanged = false;  ///< the copy with the given ETag is still good; there is no body
    std::string etag;
    std::string body;
};

class HttpsClient {
  public:
    /// The addresses to try, found within the time that is left; `foreign` tells that a server, not the administrator,
    /// named the host.
    using Find =
        std::function<boost::asio::awaitable<Result<std::vector<Address>>>(HostName name, bool foreign, Duration left)>;

    HttpsClient(boost::asio::io_context& io, Find find) : io_(io), find_(std::move(find)) {}

    /// Errors say what went wrong in words for people: the certificate, the size, the time, the status. The deadline
    /// holds for all of it, names and redirections included.
    boost::asio::awaitable<Result<HttpsReply>> get(HttpsRequest request);

  private:
    class Transfer;

    boost::asio::io_context& io_;
    Find find_;
};

}  // namespace ntpopt
