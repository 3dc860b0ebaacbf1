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

    /// By the plan of core/ntp/burst_plan.hpp; the rate does not bind loopback servers. The guard time holds over the
    /// rounds, and from when we were made: an earlier process may have sent something just before it ended.
    boost::asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                           Progress progress) override;

  private:
    ClockReader clocks_;
    std::chrono::steady_clock::time_point sent_last_ = std::chrono::steady_clock::now();
};

}  // namespace ntpopt
