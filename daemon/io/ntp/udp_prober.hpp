// The real prober behind ports/prober.hpp: SNTP bursts over UDP, all servers at the same time. A round lives in
// probe_round.hpp; this is its door.
#pragma once

#include "daemon/io/ntp/timeline.hpp"
#include "daemon/ports/prober.hpp"

namespace ntpopt {

class UdpProber final : public Prober {
  public:
    /// Tests give it clocks that step; the real ones are read_clocks().
    explicit UdpProber(ClockReader clocks = read_clocks) : clocks_(std::move(clocks)) {}

    /// Spacing is never below 2 s but for loopback servers, which the rate does not bind either. The first packet to a
    /// server leaves after a random part of a quarter of the spacing; of a twentieth for loopback servers.
    boost::asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                           Progress progress) override;

  private:
    ClockReader clocks_;
};

}  // namespace ntpopt
