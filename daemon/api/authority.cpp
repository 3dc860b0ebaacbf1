// Implementation of authority.hpp.
#include "daemon/api/authority.hpp"

namespace ntpopt {

boost::asio::awaitable<Status> RootOnly::allow(Caller caller, Action /*action*/) {
    if (caller.is_root()) co_return Status();
    co_return Error{Errc::access_denied, "only root may do this"};
}

}  // namespace ntpopt
