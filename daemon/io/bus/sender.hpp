// Who calls: the user behind a unique name on the bus, as the bus itself vouches for it.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/io/bus/bus_call.hpp"
#include "daemon/io/bus/bus_pump.hpp"

namespace ntpopt {

class Senders {
  public:
    explicit Senders(BusPump& pump);

    /// The user who opened that connection; an error where it is gone. Remembered: the bus never gives a unique name to
    /// a second connection.
    boost::asio::awaitable<Result<uid_t>> user_of(std::string unique_name);

  private:
    BusObject bus_;
    std::unordered_map<std::string, uid_t> known_;
    std::deque<std::string> oldest_first_;
};

}  // namespace ntpopt
