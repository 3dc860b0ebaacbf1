// The real prober behind ports/prober.hpp: SNTP bursts over UDP, all servers at the same time. A round lives in
// probe_round.hpp; this is its door.
#pragma once

#include "daemon/core/ntp/send_gate.hpp"
#include "daemon/io/ntp/timeline.hpp"
#include "daemon/ports/prober.hpp"

namespace ntpopt {

class UdpProber final : public Prober {
  public:
    /// Tests give it clocks that step; the real ones are read_clocks().
    explicit UdpProber(ClockReader clocks = read_clocks) : clocks_(std::move(clocks)) {}

    /// By the plan of core/ntp/burst_plan.hpp and through the one gate, which holds over the rounds.
    boost::asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                           Progress progress) override;

  private:
    ClockReader clocks_;
    SendGate gate_{std::chrono::steady_clock::now().time_since_epoch()};
};

}  // namespace ntpopt
