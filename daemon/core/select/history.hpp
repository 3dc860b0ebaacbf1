// What is learnt of a server over many rounds: its bias against the consensus, and from it the error to expect of it
// (SELECTION.md 4.5). With little history the expectation is the prior, which grows with delay and advertised distance;
// with more it is the measured bias, which knows of the path's asymmetry what no single round can tell.
#pragma once

#include "daemon/core/measure/summary.hpp"
#include "daemon/core/select/state.hpp"

namespace ntpopt {

/// How much of something that old still counts: half after a day.
[[nodiscard]] double decay_after(double seconds);

/// Lets everything that is remembered count less by the time that has passed. Once a round, before the round is
/// counted.
void fade(ServerHistory& history, double now_s);

/// Counts a round's packets and jitter, requests that were spared as answered; without a summary nothing came back.
void learn_reach(ServerHistory& history, int sent, const EpochSummary* summary);

/// Counts a round's bias to the consensus. An outlier of more than four standard deviations is held back once; if the
/// next round says the same, the path has changed and history begins anew there.
void learn_bias(ServerHistory& history, const EpochSummary& summary, double bias_ms, double centre_error_ms2);

/// Counts a round as truechimer or falseticker.
void learn_truth(ServerHistory& history, bool falseticker);

/// Root mean square of the error to expect in milliseconds, the `d` of SELECTION.md 4.5.
[[nodiscard]] double expected_error(const ServerHistory& history, const EpochSummary& summary, double centre_error_ms2);

/// The jitter that is scored: the mean over recent rounds, each weighted by its samples; this round's where there is
/// none.
[[nodiscard]] double smoothed_jitter(const ServerHistory& history, const EpochSummary& summary);

/// Percent of packets answered, recent ones counting most; 0 where none was sent.
[[nodiscard]] double reachability(const ServerHistory& history);

}  // namespace ntpopt
