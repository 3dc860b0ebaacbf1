// In which order candidates are asked when there are more than a round may ask: optimism to probe, pessimism to select
// (SELECTION.md 6.2). Being asked earns a server nothing but a measurement.
#pragma once

#include <functional>
#include <vector>

#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/select/state.hpp"

namespace ntpopt {

/// The addresses by which a candidate was known before, without asking anybody; empty where it is new.
using KnownAddresses = std::function<std::vector<Address>(const Host& host)>;

/// The incumbents first, then what the administrator named, then what was never asked, in the order given; then by
/// explore_index() ascending. Names that only a list proposes take turns with the known ones, so that a long list of
/// strangers can never outnumber the rest of a round.
[[nodiscard]] std::vector<Candidate> order_to_ask(std::vector<Candidate> candidates, const SelectionState& state,
                                                  const KnownAddresses& known, double now_s);

/// How little a server promises, in milliseconds: what its error seems to be, made worse by failures in a row and
/// convictions, made better by how long it was not asked and how little is known. `age` counts rounds of 6 h.
[[nodiscard]] double explore_index(double bias_ms, double deviation_ms, int misses, double conviction, double age);

}  // namespace ntpopt
