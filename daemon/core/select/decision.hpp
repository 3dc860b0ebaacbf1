// What goes into a decision and what comes out of it: plain data. decide.hpp turns one into the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// One address of one candidate, as this round saw it. A candidate that was asked and has no address did not resolve.
struct Observation {
    Candidate candidate;
    std::optional<Address> address;
    bool probed = false;
    Measurement measurement;
    std::string failure;  ///< why there is no address or no probe, in words
    bool asked = true;    ///< false: left out of this round, so its name was not even resolved
};

/// The parts of a score, each 0 to 100 (SELECTION.md 1).
struct ScoreParts {
    double jitter = 0;
    double reachability = 0;
    double stratum = 0;
    double latency = 0;
    bool regional_bonus = false;
};

/// One test that a server had to pass: what it had, and the limit. The word is the verdict for those who fail.
struct Gate {
    Verdict word = Verdict::reserve;
    bool passed = true;
    double value = 0;
    double limit = 0;
    std::string_view unit;  ///< "ms", "%", "points", "" for a plain number
    bool at_least = false;  ///< the limit is the least that is wanted; otherwise the most that is allowed
};

/// What was found out about one server, and what became of it.
struct RankedServer {
    std::optional<int> rank;  ///< from 1, among those that passed the gates
    std::string name;         ///< as it would be configured, with a port only where it is not 123
    std::optional<Address> address;
    std::uint16_t port = kNtpPort;
    std::optional<double> offset_ms;      ///< to the consensus
    std::optional<double> raw_offset_ms;  ///< to the local clock
    std::optional<double> delay_ms;
    std::optional<double> jitter_ms;
    std::optional<double> error_ms;  ///< expected error, the `d` of SELECTION.md 4.5
    std::optional<int> stratum;
    double reachability = 0;         ///< percent, over recent rounds
    std::optional<double> answered;  ///< percent of the requests of this round, where some were sent
    std::optional<double> score;
    std::optional<ScoreParts> score_parts;
    std::string region;
    Timescale timescale = Timescale::unknown;
    std::string group;
    bool pool = false;
    Verdict verdict = Verdict::not_probed;
    std::string reason;       ///< one sentence with the numbers behind the verdict
    std::vector<Gate> gates;  ///< the tests that have numbers, in order, as far as they were held
    std::optional<double>
        bound_ms;  ///< half the delay plus what the server admits: its error cannot be more if it is honest
    double smoothed_jitter_ms = 0;  ///< the jitter that the score uses, over many rounds
    double conviction = 0;          ///< how much it was a falseticker lately; 0.5 is the limit
};

/// Servers whose intervals share a point: they may all be right, and two camps cannot both be.
struct Camp {
    double offset_ms = 0;  ///< to the local clock, the middle of what they share
    double votes = 0;
    std::vector<std::string> names;
};

/// How far the servers agree on the time (SELECTION.md 4.4). Offsets are to the local clock.
struct ConsensusSummary {
    bool found = false;
    bool trusted = false;   ///< trusted servers decide who may vote
    bool anchored = false;  ///< and they agree on the time, so the others that agree with them may
    double electorate = 0;  ///< all votes that were cast: one a group, or less where its servers' owner has others, too
    double votes = 0;       ///< of them, those for the heaviest interval
    double low_ms = 0;
    double high_ms = 0;
    double centre_ms = 0;
    double error_ms = 0;            ///< standard error of the centre
    std::optional<double> gate_ms;  ///< the accuracy gate of this round
    std::vector<Camp> camps;        ///< the two heaviest where they do not agree
    double votes_for_both = 0;      ///< where those are equally heavy: of the voters in both
};

/// A server, or a pool by its name, that is to be configured.
struct Choice {
    Endpoint endpoint;
    std::optional<Address> address;  ///< what it resolved to when it was measured
    bool pool = false;
    int maxsources = 0;  ///< for a pool: how many of its members to use
    Timescale timescale = Timescale::unknown;
    double offset_s = 0;  ///< to the local clock, as measured
    double error_s = 0;   ///< expected error
    double bound_s = 0;   ///< it cannot be further off if it is honest; 0: not known

    friend bool operator==(const Choice&, const Choice&) = default;
};

struct Decision {
    /// would_apply: change to `selected`; unchanged, no_consensus, no_usable_servers, refused: keep
    Outcome outcome = Outcome::unchanged;
    Confidence confidence = Confidence::none;
    std::string reason;
    std::vector<Choice> selected;  ///< ordered by expected error; equals the incumbents where nothing should change
    std::vector<RankedServer> servers;  ///< ranked first, then the rest by name
    ConsensusSummary consensus;
};

}  // namespace ntpopt
