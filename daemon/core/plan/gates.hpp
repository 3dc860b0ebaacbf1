// The gates before any change that hold for every NTP service: do the chosen servers agree among each other and with
// the clock, do they tell one timescale, are there enough, each once? Decided from what the caller claims, what the
// service is seen to do, and what the catalogue knows. What only one service demands is its own plan's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// The class of a server as the catalogue has it, unknown where it has none.
using TimescaleOf = std::function<Timescale(const Host&)>;

/// Beyond how many seconds of offset the service steps the clock, or ends, instead of slewing it: as distributions
/// configure it, or earlier where this machine's configuration says so. A later one opens no gate wider.
[[nodiscard]] double step_limit_s(const ServiceObservation& service);

/// The offsets of the servers that are new to the service agree within the error bounds of each pair, and none is
/// beyond the step limit of a service that is synchronised: only a clock that nobody keeps may be stepped. What the
/// service follows already is no new risk, and may have turned bad without barring the way for better ones.
/// Errc::refused says who and how far.
[[nodiscard]] Status check_offsets(const std::vector<Choice>& choices, const ServiceObservation& service);

/// Every chosen server, and every source that stays beside them, fits the timescale that the configuration wants. The
/// catalogue's word counts before the caller's; what nobody knows never joins a smearing class (RFC 8633 3.7.1).
[[nodiscard]] Status check_timescales(const std::vector<Choice>& choices, const ServiceObservation& service,
                                      const Config& config, const TimescaleOf& timescale_of);

/// At least one server, with the sources that stay beside them as many as the service needs to select any, no name and
/// no address twice.
[[nodiscard]] Status check_numbers(const std::vector<Choice>& choices, const ServiceObservation& service,
                                   const ApplyConfig& config);

/// The sentences of all gates that are closed.
[[nodiscard]] std::vector<std::string> closed_gates(const std::vector<Choice>& choices,
                                                    const ServiceObservation& service, const Config& config,
                                                    const TimescaleOf& timescale_of);

}  // namespace ntpopt
