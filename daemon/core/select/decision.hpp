// What goes into a decision and what comes out of it: plain data. decide.hpp turns one into the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// One address of one candidate, as this round saw it. A candidate without an address did not resolve.
struct Observation {
    Candidate candidate;
    std::optional<Address> address;
    bool probed = false;
    Measurement measurement;
    std::string failure;  ///< why there is no address or no probe, in words
};

/// The parts of a score, each 0 to 100 (SELECTION.md 1).
struct ScoreParts {
    double jitter = 0;
    double reachability = 0;
    double stratum = 0;
    double latency = 0;
    bool regional_bonus = false;
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
    double reachability = 0;  ///< percent
    std::optional<double> score;
    std::optional<ScoreParts> score_parts;
    std::string region;
    Timescale timescale = Timescale::unknown;
    std::string group;
    bool pool = false;
    Verdict verdict = Verdict::not_probed;
    std::string reason;  ///< one sentence with the numbers behind the verdict
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

    friend bool operator==(const Choice&, const Choice&) = default;
};

struct Decision {
    Outcome outcome =
        Outcome::unchanged;  ///< would_apply: change to `selected`; unchanged, no_consensus, no_usable_servers: keep
    Confidence confidence = Confidence::none;
    std::string reason;
    std::vector<Choice> selected;  ///< ordered by expected error; equals the incumbents where nothing should change
    std::vector<RankedServer> servers;  ///< ranked first, then the rest by name
};

}  // namespace ntpopt
