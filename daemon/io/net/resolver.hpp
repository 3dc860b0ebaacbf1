// Names to addresses by c-ares on the loop: no thread, any number of names at the same time, A and AAAA asked apart. It
// opens its sockets when somebody asks and closes them when the last question is settled, so that an idle daemon has
// neither sockets nor timers here, and each batch of questions sees the present resolv.conf and comes from fresh ports.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "daemon/io/net/name_source.hpp"
#include "daemon/ports/resolver.hpp"

namespace ntpopt {

struct ResolverOptions {
    std::string servers;  ///< "127.0.0.1:5300,[::1]:5300" instead of resolv.conf's
    std::string hosts_file = "/etc/hosts";
    /// Before the next name server is asked; an answer of the first one that comes later still counts.
    Duration try_timeout = std::chrono::milliseconds(400);
    /// How long one family is waited for after the other has answered (RFC 8305 3 speaks of 50 ms; we are in no hurry,
    /// and this gives a lost packet its second try).
    Duration grace = std::chrono::milliseconds(600);
    bool check_routes = true;  ///< leave out a family that leads nowhere
};

class AresResolver final : public Resolver, public NameSource {
  public:
    explicit AresResolver(boost::asio::io_context& io, ResolverOptions options = {});
    /// Questions that are under way end with Errc::shutting_down.
    ~AresResolver() override;
    AresResolver(const AresResolver&) = delete;
    AresResolver& operator=(const AresResolver&) = delete;

    /// A name of the hosts file is answered from it alone. A name with a dot is taken as it is; one without a dot is
    /// completed by the search domains. A family that leads nowhere is left out. At most 8 addresses of each family
    /// where both are asked for.
    boost::asio::awaitable<Result<std::vector<Address>>> resolve(HostName name, Families families,
                                                                 Duration deadline) override;

    [[nodiscard]] std::optional<Result<NameAnswer>> local(const HostName& name, Families families) override;

    [[nodiscard]] Families worth_asking(Families families) override;

    /// The same with the time for which the answer holds.
    boost::asio::awaitable<Result<NameAnswer>> lookup(HostName name, Families families, Duration deadline) override;

    /// The SRV records of _ntp._udp below the domain, at most 64; Errc::not_found where it has none.
    boost::asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration deadline) override;

  private:
    class Core;
    std::shared_ptr<Core> core_;
};

}  // namespace ntpopt
