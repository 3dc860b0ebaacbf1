// How the engine turns names into addresses. The real one is io/resolver.hpp.
#pragma once

#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

/// Which address families to ask for.
struct Families {
    bool ipv4 = true;
    bool ipv6 = true;
};

class Resolver {
  public:
    virtual ~Resolver() = default;

    /// The addresses of a name, without duplicates, at most 16, in the order of the answer. What has arrived at the
    /// deadline counts; nothing until then is Errc::timeout. Any number may run at the same time.
    virtual boost::asio::awaitable<Result<std::vector<Address>>> resolve(HostName name, Families families,
                                                                         Duration deadline) = 0;

    /// The addresses that are remembered from earlier, however old, without asking anybody.
    [[nodiscard]] virtual std::vector<Address> known(const HostName&) const { return {}; }
};

}  // namespace ntpopt
