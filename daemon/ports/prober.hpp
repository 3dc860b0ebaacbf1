// How the engine measures servers. The real one is io/udp_prober.hpp.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/host.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/measure/measurement.hpp"

namespace ntpopt {

struct ProbeTarget {
    Address address;
    std::uint16_t port = kNtpPort;
    bool once = false;  ///< one request is enough where it is answered well; where it is not, the whole burst is sent
};

class Prober {
  public:
    virtual ~Prober() = default;

    using Progress = std::function<void(std::size_t done, std::size_t total)>;

    /// One burst to every target, all at the same time; one measurement a target, in the same order. Never fails as a
    /// whole. Cancelled (asio terminal cancellation) it returns what it has.
    virtual boost::asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                                   Progress progress) = 0;
};

}  // namespace ntpopt
