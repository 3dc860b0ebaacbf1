// What the decision remembers from round to round: what it learnt of each server, whom it holds against, what it chose.
// Plain data and the events that change it; no rule of selection is here. record/selection_state.hpp stores it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// Stands for "until somebody lifts it" where a time is asked for, in seconds since 1970.
inline constexpr double kForever = 1e15;
/// A server that nobody has seen for so long is forgotten.
inline constexpr double kForgetAfter_s = 90 * 86400.0;
/// No map of a state that is kept holds more; the longest unseen go first.
inline constexpr std::size_t kMaxRemembered = 4096;

/// What is known of one server address (SELECTION.md 4.5). Weights decay by half a day; biases are to the consensus, so
/// the local clock is in none of them.
struct ServerHistory {
    double weight = 0;      ///< decayed number of rounds
    double weight2 = 0;     ///< the same of squared weights, for the effective number of rounds
    double bias_ms = 0;     ///< decayed mean
    double spread_ms2 = 0;  ///< decayed sum of squared deviations
    bool held = false;      ///< the last bias was an outlier and waits for a second opinion
    double sent = 0;
    double received = 0;
    double jitter_weight = 0;
    double jitter_sum_ms = 0;
    double conviction = 0;               ///< 1 for a round as falseticker, fading by a tenth a round
    double updated_s = 0;                ///< last round that measured it, seconds since 1970
    std::optional<double> leap_bias_ms;  ///< the first bias inside a leap window, and when
    double leap_bias_s = 0;

    friend bool operator==(const ServerHistory&, const ServerHistory&) = default;
};

/// What is held against a name (or, for a pool's member, against its address).
struct Penalty {
    int failures = 0;  ///< failed rounds in a row
    int times = 0;     ///< blacklistings without a good round between
    double blacklisted_until_s = 0;
    bool by_hand = false;
    int bans = 0;  ///< kiss-o'-death DENY or RSTR without a good round between
    double banned_until_s = 0;
    bool denied = false;  ///< an incumbent sent DENY or RSTR; it counts once the server is also silent
    double pause_s = 0;   ///< RATE: how long it is left alone, doubling
    double paused_until_s = 0;
    int rollbacks = 0;
    double held_until_s = 0;  ///< after a change to it was rolled back
    double touched_s = 0;

    friend bool operator==(const Penalty&, const Penalty&) = default;
};

/// A pool as a distribution over all members ever seen (SELECTION.md 5); sums decay by half a day.
struct PoolHistory {
    double weight = 0;
    double score_sum = 0;
    double score_sum2 = 0;
    double error_sum_ms = 0;
    double error_sum2_ms2 = 0;
    double probed = 0;
    double usable = 0;
    double updated_s = 0;

    friend bool operator==(const PoolHistory&, const PoolHistory&) = default;
};

/// A server or pool that was chosen and that the NTP service uses.
struct Incumbent {
    Endpoint endpoint;
    bool pool = false;
    int maxsources = 0;
    Timescale timescale = Timescale::unknown;
    std::optional<Address> address;
    double error_ms = 0;
    int held = 0;    ///< rounds since it was chosen
    int missed = 0;  ///< rounds in a row in which it could not be measured
    /// Only a catalogue, a list or a pool zone ever named it since it was chosen: its name may lead to nothing private.
    bool stranger = false;

    friend bool operator==(const Incumbent&, const Incumbent&) = default;
};

struct SelectionState {
    std::map<std::string, ServerHistory, std::less<>> servers;  ///< by "address:port"
    std::map<std::string, Penalty, std::less<>> penalties;      ///< by name as configured; pool members by address
    std::map<std::string, PoolHistory, std::less<>> pools;      ///< by name as configured
    std::vector<Incumbent> incumbents;
    std::vector<Incumbent> proposed;  ///< what the last decision wants, until commit() settles it

    friend bool operator==(const SelectionState&, const SelectionState&) = default;
};

/// What became of the last decision: applied, so what it proposed is what stands; or not, so the incumbents remain.
[[nodiscard]] SelectionState commit(SelectionState state, bool applied);

/// A change was made and undone: the incumbents remain, and the names that were new in it are left alone for a day,
/// doubling to 90 days if it happens again.
[[nodiscard]] SelectionState note_rolled_back(SelectionState state, const std::vector<std::string>& names,
                                              double now_s);

/// The service runs on its own configuration again (roll-back to the original): what it uses is not of our choosing.
[[nodiscard]] SelectionState forget_selection(SelectionState state);

struct BlacklistEntry {
    std::string name;
    double until_s = 0;  ///< kForever: until lifted
    bool by_hand = false;
    std::string reason;
};

/// Blacklists a name or address by hand; `until_s` in seconds since 1970, kForever for good.
[[nodiscard]] SelectionState blacklist(SelectionState state, std::string_view name, double until_s, double now_s);

/// Lifts every blacklisting and ban of the name, also one that was earned by failures.
[[nodiscard]] SelectionState unblacklist(SelectionState state, std::string_view name);

/// Blacklisted or banned now, by name.
[[nodiscard]] std::vector<BlacklistEntry> list_blacklist(const SelectionState& state, double now_s);

/// Of each kind the penalty that binds now, or nothing.
struct Bars {
    const Penalty* blacklisted = nullptr;
    const Penalty* banned = nullptr;
    const Penalty* held = nullptr;
    const Penalty* paused = nullptr;
};

/// What is held against a candidate now: against its name, its host or its address, in this order. A blacklisting by
/// hand goes before one for failures.
[[nodiscard]] Bars find_bars(const SelectionState& state, const Endpoint& endpoint,
                             const std::optional<Address>& address, double now_s);

/// Whether a round should leave this server alone: blacklisted, banned, or asked to be sent less (RATE). Of a server in
/// use failures are no reason, whoever they are held against: a pool may have given its address to us, too.
[[nodiscard]] bool is_probe_barred(const SelectionState& state, const Endpoint& endpoint,
                                   const std::optional<Address>& address, double now_s);

/// A penalty that a clock from the future set, a day ahead or more, lasts from now on instead; what was blacklisted by
/// hand stays so until the time that was asked for. As forget_old(), only for when the clock is known to be right.
void pull_back_penalties(SelectionState& state, double now_s);

/// Drops what has not been seen for kForgetAfter_s.
void forget_old(SelectionState& state, double now_s);

/// Drops what is more than kMaxRemembered.
void forget_excess(SelectionState& state);

}  // namespace ntpopt
