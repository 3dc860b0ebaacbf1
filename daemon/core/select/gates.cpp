// The stage of the decision that says which names could be chosen at all: eligibility, the accuracy gate, the ranking
// of those behind it (SELECTION.md 4.6).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "daemon/core/score/score.hpp"
#include "daemon/core/select/pool.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

constexpr double kMaxConviction = 0.5;
constexpr double kMinReachability = 60;
constexpr double kGateFactor = 1.25;
constexpr double kGateSlack_ms = 0.15;
constexpr double kIncumbentSlack = 1.5;

void suppose(const Trial& trial, Sighting& sighting, int& stratum) {
    if (!trial.supposed || trial.options[sighting.option].endpoint != trial.supposed->endpoint) return;
    sighting.jitter_ms = trial.supposed->jitter_ms.value_or(sighting.jitter_ms);
    sighting.error_ms = trial.supposed->error_ms.value_or(sighting.error_ms);
    sighting.reachability = trial.supposed->reachability.value_or(sighting.reachability);
    stratum = trial.supposed->stratum.value_or(stratum);
}

void score(const Trial& trial, Sighting& sighting) {
    const auto& summary = *sighting.summary;
    int stratum = sighting.seen->measurement.header->stratum;
    suppose(trial, sighting, stratum);
    const Metrics metrics{.jitter_ms = sighting.jitter_ms,
                          .reachability = sighting.reachability,
                          .stratum = stratum,
                          .error_ms = sighting.error_ms,
                          .delay_ms = summary.delay_ms};
    sighting.parts = score_parts(metrics, trial.config);
    sighting.score = total_score(*sighting.parts, trial.config);
}

/// Notes the test; the fault where it fails.
std::optional<Fault> hold_against(std::vector<Gate>& gates, Gate gate, std::string_view sentence) {
    gates.push_back(gate);
    if (gate.passed) return std::nullopt;
    return Fault{gate.word, std::string(sentence)};
}

std::optional<Fault> judge_sighting(const Trial& trial, Sighting& sighting) {
    const auto& config = trial.config;
    const double convicted = sighting.conviction;
    const auto [conviction, most] = told_apart(convicted, kMaxConviction, 1);
    if (auto fault = hold_against(
            sighting.gates, {Verdict::convicted, convicted <= kMaxConviction, convicted, kMaxConviction, ""},
            fmt::format("it was a falseticker lately (conviction {}, more than {})", conviction, most)))
        return fault;
    const double reach = sighting.reachability;
    const auto [arrived, least] = told_apart(reach, kMinReachability, 0);
    if (auto fault = hold_against(
            sighting.gates, {Verdict::low_reachability, reach >= kMinReachability, reach, kMinReachability, "%", true},
            fmt::format("{} % of its answers arrived, less than {} %", arrived, least)))
        return fault;
    const int stratum = sighting.seen->measurement.header->stratum;
    if (auto fault =
            hold_against(sighting.gates,
                         {Verdict::stratum_too_high, stratum >= config.min_stratum, double(stratum),
                          double(config.min_stratum), "", true},
                         fmt::format("stratum {}, below the least that is wanted, {}", stratum, config.min_stratum)))
        return fault;
    const auto [score, wanted] = told_apart(sighting.score, config.min_score, 1);
    return hold_against(
        sighting.gates,
        {Verdict::below_minimum, sighting.score >= config.min_score, sighting.score, config.min_score, "points", true},
        fmt::format("score {}, less than {}", score, wanted));
}

/// Faults that one address gives to its whole name, since the service may use any address of it.
bool taints_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::falseticker:
        case Verdict::convicted:
        case Verdict::wrong_timescale:
        case Verdict::loop:
        case Verdict::blacklisted:
        case Verdict::banned:
            return true;
        default:
            return false;
    }
}

/// Of the faults of a name whose addresses all fail, the one that says most.
int telling(Verdict verdict) {
    static constexpr std::array kOrder{Verdict::not_whitelisted,  Verdict::blacklisted,   Verdict::banned,
                                       Verdict::kiss_of_death,    Verdict::below_minimum, Verdict::low_reachability,
                                       Verdict::stratum_too_high, Verdict::too_distant,   Verdict::stale,
                                       Verdict::unsynchronised,   Verdict::bad_reply,     Verdict::unreachable,
                                       Verdict::not_probed,       Verdict::unresolved};
    return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), verdict) - kOrder.begin());
}

/// A name is as good as the worst of its addresses that answer.
void judge_server(Trial& trial, Option& option) {
    const Fault* worst = nullptr;
    const Fault* tainted = nullptr;
    std::size_t worst_at = 0;
    std::size_t tainted_at = 0;
    for (const auto i : option.sightings) {
        const auto& sighting = trial.sightings[i];
        if (sighting.fault) {
            if (taints_name(sighting.fault->verdict) && !tainted) {
                tainted = &*sighting.fault;
                tainted_at = i;
            }
            if (!worst || telling(sighting.fault->verdict) < telling(worst->verdict)) {
                worst = &*sighting.fault;
                worst_at = i;
            }
            continue;
        }
        if (!option.face || sighting.score < option.score) {
            option.face = i;
            option.score = sighting.score;
            option.parts = sighting.parts;
        }
        option.error_ms = std::max(option.error_ms, sighting.error_ms);
    }
    if (tainted) {
        option.fault = *tainted;
        option.face = tainted_at;
    } else if (!option.face && worst) {
        option.fault = *worst;
        option.face = worst_at;
    }
    if (option.fault && option.face) {
        const auto& sighting = trial.sightings[*option.face];
        option.score = sighting.score;
        option.parts = sighting.parts;
        option.error_ms = sighting.error_ms;
    }
}

/// A pool is judged by all members it ever gave, as long as it gives usable ones now.
void judge_pool(Trial& trial, Option& option) {
    const Fault* worst = nullptr;
    int probed = 0;
    for (const auto i : option.sightings) {
        const auto& sighting = trial.sightings[i];
        const bool busy = sighting.fault && sighting.fault->verdict == Verdict::kiss_of_death;
        if (sighting.seen->probed && sighting.seen->address && !busy && (sighting.judged || !sighting.fault)) ++probed;
        if (sighting.fault && (!worst || telling(sighting.fault->verdict) < telling(worst->verdict)))
            worst = &*sighting.fault;
    }
    auto& pools = trial.next.pools;
    auto found = pools.find(option.endpoint.text());
    if (probed > 0 && trial.consensus.found) {
        if (found == pools.end()) found = pools.emplace(option.endpoint.text(), PoolHistory{}).first;
        auto& history = found->second;
        begin_pool_round(history, probed, trial.context.time_s);
        for (const auto i : option.sightings)
            if (!trial.sightings[i].fault) learn_member(history, trial.sightings[i].score, trial.sightings[i].error_ms);
    }
    const auto outlook = found == pools.end() ? PoolOutlook{} : pool_outlook(found->second);
    option.score = outlook.score;
    option.error_ms = outlook.error_ms;
    const bool any = std::any_of(option.sightings.begin(), option.sightings.end(),
                                 [&](std::size_t i) { return !trial.sightings[i].fault; });
    const auto [usable, least] = told_apart(outlook.usable, kMinReachability, 0);
    const auto [score, wanted] = told_apart(outlook.score, trial.config.min_score, 1);
    if (!any && worst)
        option.fault = *worst;
    else if (outlook.usable < kMinReachability)
        option.fault = Fault{Verdict::low_reachability,
                             fmt::format("{} % of its members are usable, less than {} %", usable, least)};
    else if (outlook.score < trial.config.min_score)
        option.fault =
            Fault{Verdict::below_minimum,
                  fmt::format("its members' scores, mean less one deviation, are {}, less than {}", score, wanted)};
}

/// What no measurement says: the service's abilities, and changes that were undone.
std::optional<Fault> find_bar_to_choice(const Trial& trial, const Option& option) {
    if (!trial.context.ports && option.endpoint.port != kNtpPort)
        return Fault{Verdict::reserve, fmt::format("the NTP service cannot use port {}", option.endpoint.port)};
    const auto* held = find_bars(trial.next, option.endpoint, std::nullopt, trial.context.time_s).held;
    if (held && !option.standing)
        return Fault{Verdict::blacklisted, fmt::format("a change to it was rolled back; not tried again before {}",
                                                       until_text(held->held_until_s))};
    return std::nullopt;
}

/// The accuracy gate: a little more than the N-th smallest expected error, where a group, an owner or a host counts no
/// more often than it may be chosen, so that one operator's many near servers cannot shut out the rest.
double find_gate(const Trial& trial) {
    std::vector<std::pair<double, std::size_t>> errors;
    for (std::size_t i = 0; i < trial.options.size(); ++i)
        if (!trial.options[i].fault) errors.emplace_back(trial.options[i].error_ms, i);
    std::sort(errors.begin(), errors.end());
    const int cap = group_cap(trial.config.sources);
    std::map<std::size_t, int> of_group;
    std::map<std::size_t, int> of_owner;
    std::set<Address> hosts;
    std::vector<double> counted;
    for (const auto& [error, i] : errors) {
        const auto& option = trial.options[i];
        if (!option.pool && option.face) {
            const auto& face = trial.sightings[*option.face];
            if (of_group[face.group] >= cap || of_owner[face.owner] >= cap) continue;
            if (!hosts.insert(*face.seen->address).second) continue;
            ++of_group[face.group];
            ++of_owner[face.owner];
        }
        counted.push_back(error);
    }
    if (counted.empty()) return 0;
    const auto nth = counted[std::min(counted.size(), static_cast<std::size_t>(trial.config.sources)) - 1];
    return std::max(kGateFactor * nth, nth + kGateSlack_ms);
}

void rank(Trial& trial) {
    std::vector<std::size_t> gated;
    for (std::size_t i = 0; i < trial.options.size(); ++i)
        if (trial.options[i].gated) gated.push_back(i);
    const bool by_error = trial.config.rank_by == RankBy::error;
    std::stable_sort(gated.begin(), gated.end(), [&](std::size_t a, std::size_t b) {
        const auto& left = trial.options[a];
        const auto& right = trial.options[b];
        if (!by_error && left.score != right.score) return left.score > right.score;
        return left.error_ms < right.error_ms;
    });
    int place = 0;
    for (const auto i : gated)
        trial.options[i].rank = ++place;
}

}  // namespace

void judge_options(Trial& trial) {
    for (auto& sighting : trial.sightings) {
        if (!sighting.summary) continue;
        score(trial, sighting);
        // A leap second was announced by the votes: what is not known to tell UTC goes now.
        if (!sighting.fault && trial.leap_window && sighting.timescale == Timescale::unknown &&
            trial.config.timescale == Timescale::utc)
            sighting.fault = wrong_timescale(sighting.timescale, trial.config.timescale);
        if (!sighting.fault) sighting.fault = judge_sighting(trial, sighting);
    }
    for (auto& option : trial.options) {
        if (option.sightings.empty())
            option.fault = Fault{Verdict::not_probed, "nobody named it this round"};
        else if (option.pool)
            judge_pool(trial, option);
        else
            judge_server(trial, option);
        if (!option.fault) option.fault = find_bar_to_choice(trial, option);
        if (!fits_timescale(option.timescale, trial.config.timescale, trial.leap_window))
            option.fault = wrong_timescale(option.timescale, trial.config.timescale);
    }
    if (!trial.consensus.found) return;
    const double gate = find_gate(trial);
    trial.consensus.gate_ms = gate;
    for (auto& option : trial.options) {
        if (option.fault) continue;
        const double limit = option.standing ? kIncumbentSlack * gate : gate;
        option.gated = option.error_ms <= limit;
        if (option.face)
            trial.sightings[*option.face].gates.push_back(
                {Verdict::inaccurate, option.gated, option.error_ms, limit, "ms"});
        if (!option.gated) {
            option.verdict = Verdict::inaccurate;
            const auto [is, allowed] = ms_texts(option.error_ms, limit);
            option.reason = fmt::format("expected error {}, more than {}", is, allowed);
        } else if (option.regional && trial.config.regional_bonus > 0) {
            // The bonus orders good servers; it never makes one good.
            option.score = std::min(option.score * (1 + trial.config.regional_bonus), 100.0);
            if (option.parts) option.parts->regional_bonus = true;
        }
    }
    rank(trial);
}

}  // namespace ntpopt
