// The real prober against fake servers in the same process, in one call.
#pragma once

#include <string>
#include <vector>

#include "daemon/io/ntp/udp_prober.hpp"
#include "tests/fakentp/fleet.hpp"

namespace ntpopt {

/// Adds a server on a port that the kernel chooses; "127.40.1.1 offset=50ms name=liar". Throws where the line is wrong.
ProbeTarget add_server(fakentp::Fleet& fleet, const std::string& line);

/// Three requests 50 ms apart, which only loopback servers get that fast.
ProbeConfig quick_config();

/// Runs one round to its end. Gives up with an exception after a minute.
std::vector<Measurement> run_probe(const std::vector<ProbeTarget>& targets, const ProbeConfig& config,
                                   ClockReader clocks = read_clocks, Prober::Progress progress = {});

/// The same by a prober that has measured before.
std::vector<Measurement> run_probe(UdpProber& prober, const std::vector<ProbeTarget>& targets,
                                   const ProbeConfig& config, Prober::Progress progress = {});

/// The sample with the least delay: the one that no busy machine has touched. Throws where there is none.
const Sample& best_sample(const Measurement& measurement);

/// How far one sample may be off that a busy machine has touched: by half of what it took for delay. Where hours are
/// told apart that is little, and it throws where it is not.
double tolerance_of(const Sample& sample);

}  // namespace ntpopt
