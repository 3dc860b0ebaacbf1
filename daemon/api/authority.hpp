// Who may change something. Asked for every mutating call, without blocking the loop.
#pragma once

#include <sys/types.h>

#include <string>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"

namespace ntpopt {

/// What a caller wants to do; one word a class of rights.
enum class Action {
    reoptimize,
    configure,  ///< interval, blacklist, reload
    rollback,
};

/// A caller, as the bus vouches for it.
struct Caller {
    std::string unique_name;
    uid_t user = static_cast<uid_t>(-1);
    bool interactive = false;  ///< its user may be asked for a password

    [[nodiscard]] bool is_root() const { return user == 0; }
};

class Authority {
  public:
    virtual ~Authority() = default;

    /// Errc::access_denied where the caller may not, Errc::not_authenticated where it might if somebody gave a
    /// password, Errc::busy where too many wait for the answer, Errc::shutting_down.
    virtual boost::asio::awaitable<Status> allow(Caller caller, Action action) = 0;
};

}  // namespace ntpopt
