// The working table of one decision: every server that was seen, every name that could be configured, and what the
// stages of decide() have found out so far. Only the files of this room use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/measure/summary.hpp"
#include "daemon/core/select/decide.hpp"
#include "daemon/core/select/identity.hpp"

namespace ntpopt {

/// A failed test and its sentence.
struct Fault {
    Verdict verdict = Verdict::not_probed;
    std::string reason{};
};

/// One address of one name, this round.
struct Sighting {
    const Observation* seen = nullptr;
    std::size_t option = 0;
    std::size_t group = 0;
    std::size_t owner = 0;
    std::string key;      ///< of its history: "address:port"
    std::string subject;  ///< whom penalties are held against
    Timescale timescale = Timescale::unknown;
    std::optional<EpochSummary> summary;
    std::optional<Fault> fault{};
    bool votes = false;
    bool truechimer = false;
    bool judged = false;            ///< its answer, or its silence, counts
    std::optional<double> bias_ms;  ///< to the consensus
    double error_ms = 0;
    double jitter_ms = 0;  ///< smoothed
    double reachability = 0;
    double conviction = 0;
    std::optional<ScoreParts> parts{};
    double score = 0;
    std::vector<Gate> gates;
};

/// One name that could be configured: a server with all its addresses, or a pool.
struct Option {
    Endpoint endpoint;
    bool pool = false;
    bool regional = false;
    Timescale timescale = Timescale::unknown;
    std::vector<std::size_t> sightings{};
    std::optional<std::size_t> standing{};  ///< its place among the incumbents
    std::optional<Fault> fault{};           ///< it is not eligible, and why
    bool gated = false;                     ///< eligible, and accurate enough to be ranked
    double error_ms = 0;
    double score = 0;
    std::optional<ScoreParts> parts{};
    std::optional<std::size_t> face{};  ///< the sighting that stands for the name: the worst of those that count
    std::optional<int> rank{};
    bool chosen = false;
    int slots = 0;  ///< how many it fills where chosen
    Verdict verdict = Verdict::reserve;
    std::string reason{};
};

struct Trial {
    const SelectionConfig& config;
    const DecisionContext& context;
    SelectionState next;
    const Supposition* supposed = nullptr;  ///< figures to take as given, for a counterfactual
    bool ours = false;                      ///< the incumbents were chosen by us, not found
    std::vector<Incumbent> standing{};
    std::vector<Sighting> sightings{};  ///< in canonical order, whatever the order of the observations
    std::vector<Option> options{};      ///< the same
    Groups groups{};
    double base_s = 0;  ///< offsets of the table are counted from here, to keep their digits
    bool leap_window = false;
    ConsensusSummary consensus{};  ///< relative to base_s until it is reported
    double centre_error_ms2 = 0;
    Confidence confidence = Confidence::none;
};

/// Lays the table: canonical order, names, groups, incumbents.
[[nodiscard]] Trial open_trial(const std::vector<Observation>& observations, const SelectionState& state,
                               const SelectionConfig& config, const DecisionContext& context);

/// Hygiene: who cannot be used this round whatever the others say. Fills summary and fault.
void judge_hygiene(Trial& trial);

/// Votes: who agrees with whom. Fills truechimer, bias, the consensus and the confidence.
void judge_truth(Trial& trial);

/// Memory: what this round adds to histories and penalties. Fills error, jitter, reachability and conviction.
void learn_round(Trial& trial);

/// Eligibility of every name, the accuracy gate, and the ranking of those behind it.
void judge_options(Trial& trial);

/// The set. Fills chosen, slots, verdict and reason of every name. False: there is nothing to choose.
[[nodiscard]] bool choose_set(Trial& trial);

/// The verdicts of all servers, ranked first, then by name.
[[nodiscard]] std::vector<RankedServer> report_servers(const Trial& trial);

/// Whether enough servers agree for a change that nothing forces, and no leap second is near. Where other machines take
/// the time from this one, as many as Confidence::high demands.
[[nodiscard]] bool may_improve(const Trial& trial);

/// Whether what is held against this one is held against a name in use. A member of a pool is none: the service gets
/// itself another.
[[nodiscard]] bool is_in_use(const Trial& trial, const Sighting& sighting);

/// Most servers of one group, and of one owner, that may be in a set of `sources`: never so many that it is a majority.
[[nodiscard]] int group_cap(int sources);

/// Whether two servers follow the same upstream or are one server under two names, by their own account. Good enough to
/// keep them out of one set, never to merge their votes, since anybody can claim anything.
[[nodiscard]] bool shares_upstream(const Sighting& a, const Sighting& b);

/// What is said of a server whose class does not fit the set.
[[nodiscard]] Fault wrong_timescale(Timescale server, Timescale wanted);

/// "4.12 ms": as many digits as matter.
[[nodiscard]] std::string ms_text(double ms);
/// The same for a figure and the limit that it exceeds: both with as many digits as tell them apart.
[[nodiscard]] std::pair<std::string, std::string> ms_texts(double ms, double limit_ms);
/// Two figures that differ, with as many decimals as show it, and not fewer than `decimals`.
[[nodiscard]] std::pair<std::string, std::string> told_apart(double a, double b, int decimals);
/// "2026-11-22T11:46Z", or "it is lifted" for kForever.
[[nodiscard]] std::string until_text(double time_s);

}  // namespace ntpopt
