// The stage of the decision that makes a set (SELECTION.md 4.7): incumbents that are still good stay, free places are
// filled by rank, at most one place changes hands without need. Constraints (group cap, one upstream, one pool) bind
// always; what doubt forbids (voluntary changes with low confidence or near a leap second) is not done.
//
// The objective of a first set: the best-ranked name that may stand at all, then the best that may stand beside it, and
// so on; among all allowed sets greed finds exactly this one, since every part of an allowed set is allowed. It is not
// the greatest sum of scores: that would drop the best server to fit in two mediocre ones. How far it can be from it:
// group caps and the number of places form a matroid, where greed is the optimum of the sum, too; servers that share an
// upstream add a second one, and an owner whose networks strangers keep apart a third: of k, greed has at least 1/k of
// the optimum (Korte and Hausmann 1978). A voluntary swap is the best newcomer of all swaps that caps, bars and
// hysteresis allow, in the place of the worst incumbent that it may replace. tests/unit/optimum holds all of this
// against every subset of small instances.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/core/select/consensus.hpp"
#include "daemon/core/select/slate.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

constexpr int kGrace = 2;  // rounds that an incumbent may miss
constexpr int kDwell = 2;  // rounds that it stands before it may be swapped

/// Silence that may pass: the server could not be measured, which says nothing about its time.
bool is_silence(Verdict verdict) {
    return verdict == Verdict::unreachable || verdict == Verdict::unresolved || verdict == Verdict::not_probed ||
           verdict == Verdict::bad_reply || verdict == Verdict::kiss_of_death;
}

/// A pool in use goes no sooner than a server, though its members are blacklisted for their failures.
bool is_silent(const Trial& trial, const Option& option) {
    if (!option.fault) return false;
    if (!option.pool || option.fault->verdict != Verdict::blacklisted) return is_silence(option.fault->verdict);
    return std::none_of(option.sightings.begin(), option.sightings.end(), [&](std::size_t i) {
        const auto bars =
            find_bars(trial.next, option.endpoint, trial.sightings[i].seen->address, trial.context.time_s);
        return bars.blacklisted && bars.blacklisted->by_hand;
    });
}

/// It says itself that it has no time to tell now, as a server in the house does while the uplink is away.
bool is_adrift(Verdict verdict) {
    return verdict == Verdict::unsynchronised || verdict == Verdict::too_distant || verdict == Verdict::stale;
}

/// Its time is right, it is only not as good as it should be.
bool is_soft(const Option& option) {
    if (!option.fault) return option.verdict == Verdict::inaccurate;
    return option.fault->verdict == Verdict::below_minimum || option.fault->verdict == Verdict::low_reachability;
}

bool is_busy(const Trial& trial, const Option& option) {
    return !option.sightings.empty() && option.fault && option.fault->verdict == Verdict::kiss_of_death &&
           std::all_of(option.sightings.begin(), option.sightings.end(),
                       [&](std::size_t i) { return trial.sightings[i].seen->measurement.kiss == "RATE"; });
}

/// It was left alone because it had asked for that: no miss either.
bool is_paused(const Trial& trial, const Option& option) {
    if (!option.fault || option.fault->verdict != Verdict::not_probed) return false;
    return std::any_of(option.sightings.begin(), option.sightings.end(), [&](std::size_t i) {
        return find_bars(trial.next, option.endpoint, trial.sightings[i].seen->address, trial.context.time_s).paused;
    });
}

/// The incumbents by what may become of them.
struct Incumbents {
    std::vector<std::size_t> healthy;  ///< eligible and behind the gate
    std::vector<std::size_t> silent;   ///< not measured, but given time
    std::vector<std::size_t> overdue;  ///< silent for longer than that: free for whoever can take the place
    std::vector<std::size_t> soft;     ///< true, but not good enough
    int adrift = 0;
    int lost = 0;  ///< who has to go whatever becomes of the others
    [[nodiscard]] int count() const {
        return static_cast<int>(healthy.size() + silent.size() + overdue.size() + soft.size()) + adrift + lost;
    }
};

bool ranks_before(const Trial& trial, std::size_t a, std::size_t b) {
    const auto& left = trial.options[a];
    const auto& right = trial.options[b];
    if (left.rank && right.rank) return *left.rank < *right.rank;
    if (left.rank.has_value() != right.rank.has_value()) return left.rank.has_value();
    return left.error_ms != right.error_ms ? left.error_ms < right.error_ms : a < b;
}

Incumbents sort_incumbents(Trial& trial) {
    Incumbents out;
    for (std::size_t i = 0; i < trial.options.size(); ++i) {
        auto& option = trial.options[i];
        if (!option.standing) continue;
        auto& incumbent = trial.standing[*option.standing];
        const bool excused = is_busy(trial, option) || is_paused(trial, option);
        const bool missed = is_silent(trial, option);
        incumbent.held += 1;
        incumbent.missed = missed ? incumbent.missed + (excused ? 0 : 1) : 0;
        const bool fits = fits_timescale(option.timescale, trial.config.timescale, trial.leap_window);
        if (option.gated)
            out.healthy.push_back(i);
        else if (is_soft(option))
            out.soft.push_back(i);
        else if (missed && fits)
            (incumbent.missed <= kGrace && trial.config.sources >= 3 ? out.silent : out.overdue).push_back(i);
        else
            ++(option.fault && fits && is_adrift(option.fault->verdict) ? out.adrift : out.lost);
    }
    const auto by_rank = [&](std::size_t a, std::size_t b) { return ranks_before(trial, a, b); };
    std::sort(out.healthy.begin(), out.healthy.end(), by_rank);
    std::sort(out.soft.begin(), out.soft.end(), by_rank);
    // Time for the silent is only where somebody keeps time meanwhile.
    if (out.healthy.empty() && out.soft.empty() && !trial.context.synchronised) {
        out.overdue.insert(out.overdue.end(), out.silent.begin(), out.silent.end());
        out.silent.clear();
    }
    std::stable_sort(out.overdue.begin(), out.overdue.end(), [&](std::size_t a, std::size_t b) {
        const auto missed = [&](std::size_t i) { return trial.standing[*trial.options[i].standing].missed; };
        return missed(a) < missed(b);
    });
    return out;
}

class Chooser {
  public:
    Chooser(Trial& trial, Incumbents incumbents)
        : trial_(trial),
          incumbents_(std::move(incumbents)),
          voluntary_(may_improve(trial)),
          free_choice_(!trial.ours && voluntary_),
          slate_(trial, pool_floor()) {}

    bool choose() {
        if (!free_choice_) keep_incumbents();
        keep_most();
        fill();
        if (!free_choice_ && voluntary_) swap_one();
        top_up();
        keep_silent();
        if (only_shrinks()) return false;
        explain();
        return !slate_.members().empty();
    }

  private:
    int sources() const { return trial_.config.sources; }
    /// Most places that change hands at once while enough incumbents are healthy.
    int most_replaced() const { return std::max(1, sources() / 2); }
    Option& at(std::size_t option) { return trial_.options[option]; }

    /// How many places the pool must keep: all that others do not want, but a healthy pool loses only so many at once.
    int pool_floor() const {
        if (free_choice_ || !trial_.context.pools) return 1;
        for (const auto i : incumbents_.healthy) {
            const auto& option = trial_.options[i];
            if (!option.pool) continue;
            const int had = std::clamp(trial_.standing[*option.standing].maxsources, 1, sources());
            return voluntary_ ? std::max(1, had - most_replaced()) : had;
        }
        return 1;
    }

    void keep(std::size_t option, std::string why) {
        if (slate_.holds(option) || !slate_.has_room_for(option) || slate_.bar(option, false)) return;
        slate_.add(option);
        at(option).reason = std::move(why);
    }

    void keep_incumbents() {
        for (const auto i : incumbents_.healthy)
            keep(i, "");
        for (const auto i : incumbents_.silent)
            keep(i, trial_.standing[*at(i).standing].missed == 0
                        ? fmt::format("kept although {}", at(i).fault->reason)
                        : fmt::format("kept although {} (round {} of {} that it may miss)", at(i).fault->reason,
                                      trial_.standing[*at(i).standing].missed, kGrace));
    }

    /// Not more than half of a set that works changes at once, not even for better servers.
    void keep_most() {
        const int working = static_cast<int>(incumbents_.healthy.size() + incumbents_.soft.size());
        if (free_choice_ || working < (sources() + 1) / 2) return;
        for (const auto i : incumbents_.soft) {
            const int staying = static_cast<int>(slate_.members().size());
            if (incumbents_.count() - staying <= most_replaced()) return;
            keep(i, fmt::format("kept although {}: not more than {} of {} change at once", weakness(i), most_replaced(),
                                sources()));
        }
    }

    std::string weakness(std::size_t option) { return at(option).fault ? at(option).fault->reason : at(option).reason; }

    /// How many places may be filled: none on the word of one group while the service has time, and near a leap second
    /// only those that became free.
    int room_to_fill() const {
        const int room = sources() - slate_.slots();
        if (!reaches(trial_.consensus.electorate, 2) && trial_.context.synchronised) return 0;
        if (trial_.leap_window && trial_.context.synchronised)
            return std::min(room, incumbents_.count() - static_cast<int>(slate_.members().size()));
        return room;
    }

    void fill() {
        std::vector<std::size_t> ranked;
        for (std::size_t i = 0; i < trial_.options.size(); ++i)
            if (!at(i).fault && !slate_.holds(i)) ranked.push_back(i);
        // By rank among those behind the gate, then by expected error among the rest.
        std::sort(ranked.begin(), ranked.end(),
                  [&](std::size_t a, std::size_t b) { return ranks_before(trial_, a, b); });
        int room = room_to_fill();
        for (const auto i : ranked) {
            if (room <= 0) return;
            if (!slate_.has_room_for(i) || slate_.bar(i)) continue;
            slate_.add(i);
            if (!at(i).gated) at(i).reason = fmt::format("nobody better is left ({})", at(i).reason);
            --room;
        }
    }

    /// Whether one server is better than another by enough to change places.
    bool is_worth_it(const Option& challenger, const Option& incumbent) const {
        const double factor = 1 + trial_.config.hysteresis;
        return trial_.config.rank_by == RankBy::error ? challenger.error_ms * factor <= incumbent.error_ms
                                                      : challenger.score >= factor * incumbent.score;
    }

    void swap_one() {
        if (incumbents_.count() - count_staying() + 1 > most_replaced() || !has_full_set()) return;
        std::vector<std::size_t> leaving;
        for (const auto i : incumbents_.healthy)
            if (slate_.holds(i) && trial_.standing[*at(i).standing].held >= kDwell &&
                (!at(i).pool || pool_floor() == 1))
                leaving.push_back(i);
        std::reverse(leaving.begin(), leaving.end());  // the worst first
        std::vector<std::size_t> challengers;
        for (std::size_t i = 0; i < trial_.options.size(); ++i)
            if (at(i).rank && !slate_.holds(i)) challengers.push_back(i);
        std::sort(challengers.begin(), challengers.end(),
                  [&](std::size_t a, std::size_t b) { return at(a).rank < at(b).rank; });
        for (const auto challenger : challengers)
            for (const auto incumbent : leaving) {
                if (!is_worth_it(at(challenger), at(incumbent)) || slate_.bar(challenger, true, incumbent)) continue;
                slate_.remove(incumbent);
                slate_.add(challenger);
                at(challenger).reason =
                    fmt::format("score {:.1f} beats the {:.1f} of {} by the hysteresis", at(challenger).score,
                                at(incumbent).score, at(incumbent).endpoint.text());
                return;
            }
    }
    int count_staying() {
        return static_cast<int>(std::count_if(slate_.members().begin(), slate_.members().end(),
                                              [&](std::size_t i) { return at(i).standing.has_value(); }));
    }
    bool has_full_set() const { return slate_.slots() >= sources(); }

    /// With fewer than three sources a service cannot outvote a liar: true incumbents are better than gaps.
    void top_up() {
        for (const auto i : incumbents_.soft) {
            if (slate_.slots() >= std::min(sources(), 3)) return;
            keep(i, fmt::format("kept although {}: fewer than three others are left", weakness(i)));
        }
    }

    /// Who is silent, or was lately, costs nothing and may be well tomorrow, so it stays where nobody takes its place.
    /// Only a set that changes anyhow has to prove itself: there one silent server may stand beside two that answer.
    void keep_silent() {
        const auto& members = slate_.members();
        if (free_choice_ || members.empty() || pool_takes_all()) return;
        std::vector<std::size_t> waiting;
        for (const auto i : incumbents_.soft)
            if (!slate_.holds(i) && at(i).fault && at(i).fault->verdict == Verdict::low_reachability)
                waiting.push_back(i);
        waiting.insert(waiting.end(), incumbents_.overdue.begin(), incumbents_.overdue.end());
        const auto staying = static_cast<std::size_t>(count_staying());
        const bool unchanged =
            staying == members.size() && staying + waiting.size() == static_cast<std::size_t>(incumbents_.count());
        const int enough = unchanged ? sources() : count_answering() >= 2 ? std::min(sources(), 3) : 0;
        for (const auto i : waiting) {
            if (slate_.slots() >= enough) return;
            keep(i, fmt::format("kept although {}: nobody is there to take its place", at(i).fault->reason));
        }
    }

    /// What others leave is filled with members of a pool that answers.
    bool pool_takes_all() {
        return trial_.context.pools && std::any_of(slate_.members().begin(), slate_.members().end(),
                                                   [&](std::size_t i) { return at(i).pool && !at(i).fault; });
    }
    int count_answering() {
        const auto answers = [&](std::size_t i) { return !is_silent(trial_, at(i)); };
        return static_cast<int>(std::count_if(slate_.members().begin(), slate_.members().end(), answers));
    }

    /// Servers that are silent or have lost the time themselves leave a gap, nobody comes for it, and fewer than two
    /// that answer would be left: one alone is believed whatever it says, and beside silent ones it proves no change.
    bool only_shrinks() {
        const int staying = count_staying();
        return !free_choice_ && incumbents_.lost == 0 && !has_full_set() && !pool_takes_all() &&
               count_answering() < 2 && staying == static_cast<int>(slate_.members().size()) &&
               staying < incumbents_.count();
    }

    /// Slots of the pool, and the word and sentence for everybody.
    void explain() {
        const int named = static_cast<int>(std::count_if(slate_.members().begin(), slate_.members().end(),
                                                         [&](std::size_t i) { return !at(i).pool; }));
        double weakest = HUGE_VAL;
        for (const auto i : slate_.members()) {
            auto& option = at(i);
            option.chosen = true;
            option.slots = option.pool && trial_.context.pools ? std::max(1, sources() - named) : 1;
            option.verdict = Verdict::chosen;
            weakest = std::min(weakest, option.score);
            if (option.reason.empty())
                option.reason = fmt::format("score {:.1f}, expected error {}", option.score, ms_text(option.error_ms));
        }
        for (std::size_t i = 0; i < trial_.options.size(); ++i) {
            auto& option = at(i);
            if (option.chosen) continue;
            if (option.fault) {
                option.verdict = option.fault->verdict;
                option.reason = option.fault->reason;
            } else if (option.gated) {
                explain_reserve(option, slate_.bar(i), weakest);
            }
        }
    }

    void explain_reserve(Option& option, std::optional<Bar> bar, double weakest) {
        if (bar) {
            option.verdict = bar->verdict;
            const auto other = at(bar->other).endpoint.text();
            option.reason =
                bar->verdict == Verdict::same_upstream ? fmt::format("it has the same upstream as {}", other)
                : bar->anycast ? fmt::format("{} is an anycast service, too, and one of them is enough", other)
                : option.pool
                    ? fmt::format("one pool is enough, and {} is chosen", other)
                    : fmt::format("{} of the same operator or network is chosen, and {} of {} is all that one may have",
                                  other, group_cap(sources()), sources());
            return;
        }
        option.verdict = Verdict::reserve;
        option.reason = fmt::format("score {:.1f}; the weakest of the set has {:.1f}", option.score, weakest);
        if (option.score > weakest && !free_choice_)
            option.reason += voluntary_ ? fmt::format(", and {:.0f} % more is needed to take its place",
                                                      100 * trial_.config.hysteresis)
                                        : ", and without need nothing changes now";
    }

    Trial& trial_;
    Incumbents incumbents_;
    bool voluntary_;
    bool free_choice_;
    Slate slate_;
};

}  // namespace

bool choose_set(Trial& trial) {
    return Chooser(trial, sort_incumbents(trial)).choose();
}

}  // namespace ntpopt
