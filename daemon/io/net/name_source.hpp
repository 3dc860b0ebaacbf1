// Who can be asked for names, as the memory of names and the discoverers see it. The real one is resolver.hpp's.
#pragma once

#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/core/discover/name_record.hpp"
#include "daemon/core/discover/srv.hpp"
#include "daemon/ports/resolver.hpp"

namespace ntpopt {

class NameSource {
  public:
    virtual ~NameSource() = default;

    /// What the hosts file says of the name, as it is now; nothing where it does not have it. Nobody is asked.
    [[nodiscard]] virtual std::optional<Result<NameAnswer>> local(const HostName& name, Families families) = 0;

    /// Those of the families that are worth a question in the network as it is now.
    [[nodiscard]] virtual Families worth_asking(Families families) = 0;

    /// As Resolver::resolve(), with the time for which the answer holds. Errc::unavailable promises that no name server
    /// can have got the question.
    virtual boost::asio::awaitable<Result<NameAnswer>> lookup(HostName name, Families families, Duration deadline) = 0;

    /// The NTP servers that a domain announces; Errc::not_found where it announces none.
    virtual boost::asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration deadline) = 0;
};

}  // namespace ntpopt
