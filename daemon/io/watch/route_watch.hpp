// Tells when the machine's way to the internet changed: another default route, or none (rtnetlink(7)). Reads only; a
// router with thousands of other route changes wakes it at most once in the settling time.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace ntpopt {

class RouteWatch {
  public:
    RouteWatch(boost::asio::io_context& io, Duration settle, std::function<void()> on_change);

    /// Begins to watch; an error where netlink is not to be had (a sandbox without AF_NETLINK).
    [[nodiscard]] Status start();
    void stop();

  private:
    void wait();
    void drain();
    void compare();

    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer settle_timer_;
    Duration settle_;
    std::function<void()> on_change_;
    std::string default_routes_;
    bool settling_ = false;
};

/// The default routes of both families as comparable text, one a line, sorted; empty where there is none or it cannot
/// be read.
[[nodiscard]] std::string default_routes();

}  // namespace ntpopt
