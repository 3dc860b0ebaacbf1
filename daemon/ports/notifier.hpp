// How the engine delivers one notice by one channel. The real one is io/notify/child_notifier.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "daemon/core/notice/channel.hpp"
#include "daemon/core/notice/digest.hpp"
#include "daemon/core/notice/queue.hpp"

namespace ntpopt {

class Notifier {
  public:
    virtual ~Notifier() = default;

    /// One attempt, bounded in time. Never throws; cancelled, it ends soon with a failure that may pass.
    virtual boost::asio::awaitable<Delivery> deliver(NotifyChannel channel, Notice notice) = 0;
};

}  // namespace ntpopt
