// Why a decision is what it is, and what would have to change for a server to be chosen. Every counterfactual is
// proven: the decision is made again with the stated figure, and flips, and with one just short of it, and does not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/select/decide.hpp"

namespace ntpopt {

/// "It would be chosen with `figure` at `value` or better", where it has `actual` now.
struct Counterfactual {
    std::string_view figure;  ///< "jitter", "expected error", "reachability", "stratum"
    std::string_view unit;    ///< "ms", "%" or ""
    double value = 0;
    double actual = 0;
    friend bool operator==(const Counterfactual&, const Counterfactual&) = default;
};

struct Explanation {
    RankedServer server;
    std::vector<Counterfactual> counterfactuals;  ///< each alone would do; empty where chosen or where none does
};

/// A recorded round: what went into a decision and what came out.
struct DecidedRound {
    const std::vector<Observation>& observations;
    const SelectionState& state;  ///< as it was before
    const SelectionConfig& config;
    const DecisionContext& context;
    const Decision& decision;
};

/// Everything about one server of the round; Errc::not_found where it was no candidate.
[[nodiscard]] Result<Explanation> explain_server(const DecidedRound& round, const Endpoint& endpoint);

/// The round step by step, one sentence each: consensus, gate, set, outcome.
[[nodiscard]] std::vector<std::string> explain_round(const Decision& decision);

/// An explanation in sentences: each gate with its numbers, the parts of the score, the verdict, the counterfactuals.
[[nodiscard]] std::vector<std::string> render_explanation(const Explanation& explanation);

}  // namespace ntpopt
