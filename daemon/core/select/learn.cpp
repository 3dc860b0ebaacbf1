// The stage of the decision that remembers: every address' history, every name's penalties (SELECTION.md 4.5). What is
// our own fault (no network, no name server) is held against nobody.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "daemon/core/select/history.hpp"
#include "daemon/core/select/hygiene.hpp"
#include "daemon/core/select/penalty.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

bool is_good(const Sighting& sighting) {
    return sighting.summary && 2 * sighting.summary->received >= sighting.summary->sent;
}

/// What worked at all this round: a failure counts against a server only if others got through on the same way.
struct Witnesses {
    bool ipv4 = false;
    bool ipv6 = false;
    bool names = false;
};

/// One alone tells nothing of the way to the others, nor do several of one owner or network: it may be in the house
/// while the uplink is away.
bool are_several(const std::vector<const Sighting*>& those) {
    return std::any_of(those.begin(), those.end(), [&](const auto* a) {
        return std::any_of(those.begin(), those.end(),
                           [&](const auto* b) { return a->owner != b->owner && a->group != b->group; });
    });
}

Witnesses find_witnesses(const Trial& trial) {
    std::vector<const Sighting*> ipv4;
    std::vector<const Sighting*> ipv6;
    std::vector<const Sighting*> names;  // one address of each
    for (const auto& sighting : trial.sightings) {
        if (!sighting.seen->address) continue;
        if (trial.options[sighting.option].endpoint.host.name() &&
            (names.empty() || names.back()->option != sighting.option))
            names.push_back(&sighting);
        if (sighting.summary) (sighting.seen->address->is_v4() ? ipv4 : ipv6).push_back(&sighting);
    }
    Witnesses out{are_several(ipv4), are_several(ipv6)};
    // An address may be remembered from yesterday: that names have some does not say that any can be had today.
    out.names = (out.ipv4 || out.ipv6) && are_several(names);
    return out;
}

RoundResult result_of(const Trial& trial, const Sighting& sighting, const Witnesses& witnesses) {
    const auto& seen = *sighting.seen;
    const auto& measurement = seen.measurement;
    // Who asks for less gets less, whatever else there is to say of it.
    if (seen.probed && is_refusal(measurement, trial.options[sighting.option].standing.has_value()))
        return measurement.kiss == "RATE" ? RoundResult::rate : RoundResult::deny;
    if (sighting.fault && sighting.fault->verdict == Verdict::not_whitelisted) return RoundResult::unjudged;
    if (!seen.asked) return RoundResult::unjudged;
    if (!seen.address) return witnesses.names ? RoundResult::failed : RoundResult::unjudged;
    if (!seen.probed) return RoundResult::unjudged;
    if (is_good(sighting)) return RoundResult::good;
    if (measurement.sent() == 0 || !measurement.failure.empty()) return RoundResult::unjudged;
    return (seen.address->is_v4() ? witnesses.ipv4 : witnesses.ipv6) ? RoundResult::failed : RoundResult::unjudged;
}

/// The best that any address of a name did; busy or refusing is told before silent.
RoundResult better(RoundResult a, RoundResult b) {
    const auto worth = [](RoundResult result) {
        switch (result) {
            case RoundResult::good:
                return 4;
            case RoundResult::deny:
                return 3;
            case RoundResult::rate:
                return 2;
            case RoundResult::failed:
                return 1;
            case RoundResult::unjudged:
                break;
        }
        return 0;
    };
    return worth(a) >= worth(b) ? a : b;
}

/// What those did this round against whom penalties are held.
struct Seen {
    RoundResult result = RoundResult::unjudged;
    bool incumbent = false;
    bool in_use = false;
};
using Subjects = std::map<std::string, Seen, std::less<>>;

Subjects find_subjects(const Trial& trial, const Witnesses& witnesses) {
    Subjects subjects;
    for (const auto& sighting : trial.sightings) {
        const auto result = result_of(trial, sighting, witnesses);
        auto& seen = subjects[sighting.subject];
        seen.result = better(seen.result, result);
        // What is held against the name of a pool is that it led nowhere, and here it leads to somebody.
        if (sighting.seen->candidate.pool && sighting.seen->address && result == RoundResult::good)
            subjects[trial.options[sighting.option].endpoint.text()].result = RoundResult::good;
        seen.incumbent = seen.incumbent || trial.options[sighting.option].standing.has_value();
        seen.in_use = seen.in_use || is_in_use(trial, sighting);
    }
    return subjects;
}

/// Where a name answers by one address, another one that refuses is left alone for itself: the name is not blamed, but
/// who asks for less gets less. No DENY of one address unseats a server in use, also where a pool gave that address
/// too.
void note_addresses(const Trial& trial, const Witnesses& witnesses, Subjects& subjects) {
    for (const auto& sighting : trial.sightings) {
        if (!sighting.seen->address || sighting.seen->candidate.pool) continue;
        const auto result = result_of(trial, sighting, witnesses);
        const bool standing = trial.options[sighting.option].standing.has_value();
        const bool refuses = result == RoundResult::rate || (result == RoundResult::deny && !standing);
        const bool answers = subjects[sighting.subject].result == RoundResult::good;
        auto& address = subjects[sighting.seen->address->text()];
        address.incumbent = address.incumbent || standing;
        if (result == RoundResult::good || (refuses && answers)) address.result = better(address.result, result);
    }
}

void learn_penalties(Trial& trial, const Witnesses& witnesses) {
    auto subjects = find_subjects(trial, witnesses);
    note_addresses(trial, witnesses, subjects);
    auto& penalties = trial.next.penalties;
    for (const auto& [subject, seen] : subjects) {
        auto found = penalties.find(subject);
        if (found == penalties.end()) {
            if (seen.result == RoundResult::good || seen.result == RoundResult::unjudged) continue;
            found = penalties.emplace(subject, Penalty{}).first;
        }
        // Who is in use is asked until somebody takes its place, so that it is known when it is back.
        const auto blacklist_after = seen.in_use ? std::nullopt : std::optional(trial.config.blacklist_after);
        learn_result(found->second, seen.result, seen.incumbent, blacklist_after, trial.context.time_s);
        if (is_clean(found->second)) penalties.erase(found);
    }
}

/// A smear shows itself in a leap window as a bias that runs away.
void watch_for_smear(Trial& trial, Sighting& sighting, ServerHistory& history) {
    if (!trial.leap_window || !sighting.bias_ms) {
        if (!trial.leap_window) history.leap_bias_ms.reset();
        return;
    }
    if (!history.leap_bias_ms) {
        history.leap_bias_ms = sighting.bias_ms;
        history.leap_bias_s = trial.context.time_s;
        return;
    }
    const double elapsed = trial.context.time_s - history.leap_bias_s;
    const double moved = *sighting.bias_ms - *history.leap_bias_ms;
    if (drifts_like_smear(moved, elapsed) && !sighting.fault)
        sighting.fault = Fault{Verdict::wrong_timescale,
                               fmt::format("its offset ran away by {} in {:.1f} h of the leap window, as a smear does",
                                           ms_text(moved), elapsed / 3600)};
}

void learn_history(Trial& trial, Sighting& sighting, ServerHistory& history, RoundResult result) {
    fade(history, trial.context.time_s);
    if (result == RoundResult::good || result == RoundResult::failed)
        learn_reach(history, sighting.seen->measurement.sent(), sighting.summary ? &*sighting.summary : nullptr);
    if (!trial.consensus.found || !sighting.votes) return;
    learn_truth(history, !sighting.truechimer);
    if (sighting.truechimer) learn_bias(history, *sighting.summary, *sighting.bias_ms, trial.centre_error_ms2);
    watch_for_smear(trial, sighting, history);
}

double error_of(const Trial& trial, const Sighting& sighting, const ServerHistory& history) {
    const auto& summary = *sighting.summary;
    if (!sighting.bias_ms || sighting.truechimer) return expected_error(history, summary, trial.centre_error_ms2);
    // Of a falseticker the history holds only better days.
    ServerHistory today;
    learn_bias(today, summary, *sighting.bias_ms, trial.centre_error_ms2);
    return expected_error(today, summary, trial.centre_error_ms2);
}

}  // namespace

void learn_round(Trial& trial) {
    const auto witnesses = find_witnesses(trial);
    learn_penalties(trial, witnesses);
    std::set<std::string_view> done;
    for (auto& sighting : trial.sightings) {
        if (sighting.key.empty()) continue;
        auto found = trial.next.servers.find(sighting.key);
        const auto result = result_of(trial, sighting, witnesses);
        sighting.judged = result != RoundResult::unjudged;
        // Under another of its names it may have been left alone.
        if (sighting.judged && done.insert(sighting.key).second) {
            if (found == trial.next.servers.end())
                found = trial.next.servers.emplace(sighting.key, ServerHistory{}).first;
            learn_history(trial, sighting, found->second, result);
        }
        const ServerHistory none;
        const auto& history = found == trial.next.servers.end() ? none : found->second;
        sighting.reachability = reachability(history);
        sighting.conviction = history.conviction;
        if (!sighting.summary) continue;
        sighting.jitter_ms = smoothed_jitter(history, *sighting.summary);
        sighting.error_ms = error_of(trial, sighting, history);
    }
}

}  // namespace ntpopt
