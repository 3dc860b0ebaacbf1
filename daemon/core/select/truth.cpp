// The stage of the decision that asks who agrees with whom: votes, trusted servers, consensus, confidence (SELECTION.md
// 4.4). The mathematics is consensus.hpp's.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/core/select/consensus.hpp"
#include "daemon/core/select/pattern.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

/// Voters and the sightings they stand for, in the same order.
struct Electorate {
    std::vector<Voter> voters;
    std::vector<std::size_t> sightings;
};

Electorate register_voters(const Trial& trial, const std::vector<std::size_t>& sightings) {
    std::vector<double> size_of_group(trial.groups.labels.size(), 0);
    for (const auto i : sightings)
        size_of_group[trial.sightings[i].group] += 1;
    Electorate out;
    for (const auto i : sightings) {
        const auto& sighting = trial.sightings[i];
        const auto& summary = *sighting.summary;
        out.voters.push_back({.low_ms = summary.low_ms,
                              .high_ms = summary.high_ms,
                              .offset_ms = summary.offset_ms,
                              .variance_ms2 = summary.prior_ms2 + summary.noise_ms2,
                              .vote = 1 / size_of_group[sighting.group],
                              .group = sighting.group});
        out.sightings.push_back(i);
    }
    return out;
}

/// Those who share the (first) heaviest interval.
std::vector<std::size_t> members_of_camp(const Electorate& electorate, const Agreement& agreement) {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < electorate.voters.size(); ++i)
        if (electorate.voters[i].low_ms <= agreement.first_high_ms && electorate.voters[i].high_ms >= agreement.low_ms)
            out.push_back(i);
    return out;
}

Camp describe_camp(const Trial& trial, const Electorate& electorate, const Agreement& agreement) {
    Camp camp{.offset_ms = (agreement.low_ms + agreement.first_high_ms) / 2, .votes = agreement.votes, .names = {}};
    for (const auto member : members_of_camp(electorate, agreement)) {
        const auto& option = trial.options[trial.sightings[electorate.sightings[member]].option];
        auto name = option.endpoint.text();
        if (camp.names.empty() || camp.names.back() != name) camp.names.push_back(std::move(name));
    }
    return camp;
}

/// The heaviest camp, and the heaviest among those who are not in it.
std::vector<Camp> find_camps(const Trial& trial, const Electorate& electorate, const Agreement& agreement) {
    std::vector<Camp> camps{describe_camp(trial, electorate, agreement)};
    const auto members = members_of_camp(electorate, agreement);
    std::vector<std::size_t> rest;
    for (std::size_t i = 0; i < electorate.sightings.size(); ++i)
        if (!std::binary_search(members.begin(), members.end(), i)) rest.push_back(electorate.sightings[i]);
    if (rest.empty()) return camps;
    const auto others = register_voters(trial, rest);
    camps.push_back(describe_camp(trial, others, find_agreement(others.voters)));
    return camps;
}

/// Those who may vote: all, or those who agree with the trusted servers where some answered. Empty where the trusted
/// servers do not agree among themselves.
std::vector<std::size_t> admit(Trial& trial, const std::vector<std::size_t>& all) {
    const PatternList patterns(trial.config.trusted);
    std::vector<std::size_t> trusted;
    for (const auto i : all)
        if (patterns.matches(trial.options[trial.sightings[i].option].endpoint.host)) trusted.push_back(i);
    if (trusted.empty()) return all;
    trial.consensus.trusted = true;
    const auto electorate = register_voters(trial, trusted);
    const auto anchor = find_agreement(electorate.voters);
    if (!anchor.majority) {
        trial.consensus.camps = find_camps(trial, electorate, anchor);
        return {};
    }
    std::vector<std::size_t> out;
    for (const auto i : all) {
        const auto& summary = *trial.sightings[i].summary;
        if (summary.low_ms <= anchor.high_ms && summary.high_ms >= anchor.low_ms) out.push_back(i);
    }
    return out;
}

/// How far a server's interval lies from the agreed one: 0 where they meet.
double gap_to(const EpochSummary& summary, const Agreement& agreement) {
    return std::max({0.0, summary.low_ms - agreement.high_ms, agreement.low_ms - summary.high_ms});
}

Fault falseticker(double bias_ms, double allowed_ms) {
    return {Verdict::falseticker, fmt::format("offset {} from the consensus, more than the {} its error bounds allow",
                                              ms_text(std::abs(bias_ms)), ms_text(allowed_ms))};
}

/// A leap second is announced by the majority, and the month is about to end.
bool leap_is_announced(const Trial& trial, const Electorate& electorate, const Agreement& agreement) {
    double announced = 0;
    for (const auto member : agreement.members) {
        const auto& header = trial.sightings[electorate.sightings[member]].seen->measurement.header;
        if (header && (header->leap == 1 || header->leap == 2)) announced += electorate.voters[member].vote;
    }
    return announced > count_groups(electorate.voters) / 2.0 && is_near_month_end(trial.context.time_s);
}

Confidence confidence_of(int groups, double votes) {
    if (groups >= 5 && votes >= 2 * groups / 3.0 - 1e-9) return Confidence::high;
    return groups >= 3 ? Confidence::medium : Confidence::low;
}

}  // namespace

void judge_truth(Trial& trial) {
    auto& consensus = trial.consensus;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < trial.sightings.size(); ++i)
        if (trial.sightings[i].votes) all.push_back(i);
    if (all.empty()) return;
    const auto electorate = register_voters(trial, admit(trial, all));
    if (electorate.voters.empty()) {
        consensus.groups = count_groups(register_voters(trial, all).voters);
        return;
    }
    const auto agreement = find_agreement(electorate.voters);
    consensus.groups = count_groups(electorate.voters);
    consensus.votes = agreement.votes;
    if (!agreement.majority) {
        consensus.camps = find_camps(trial, electorate, agreement);
        return;
    }
    const auto centre = find_centre(electorate.voters, agreement.members);
    consensus.found = true;
    consensus.low_ms = agreement.low_ms;
    consensus.high_ms = agreement.high_ms;
    consensus.centre_ms = centre.offset_ms;
    consensus.error_ms = std::sqrt(centre.error_ms2);
    trial.centre_error_ms2 = centre.error_ms2;
    trial.confidence = confidence_of(consensus.groups, agreement.votes);
    trial.leap_window = trial.leap_window || leap_is_announced(trial, electorate, agreement);

    for (const auto member : agreement.members)
        trial.sightings[electorate.sightings[member]].truechimer = true;
    for (const auto outlier : centre.outliers)
        trial.sightings[electorate.sightings[outlier]].truechimer = false;
    for (auto& sighting : trial.sightings) {
        if (!sighting.summary) continue;
        const auto& summary = *sighting.summary;
        const double bias = summary.offset_ms - centre.offset_ms;
        sighting.bias_ms = bias;
        if (!sighting.votes) continue;
        const double gap = gap_to(summary, agreement);
        const Voter voter{.variance_ms2 = summary.prior_ms2 + summary.noise_ms2};
        // Too far for its own bounds, or, inside them, too far for what such servers usually are.
        const double allowed = gap > 0 ? std::abs(bias) - gap : allowed_distance(voter, centre.error_ms2);
        sighting.gates.push_back(
            {Verdict::falseticker, sighting.truechimer, std::abs(bias), std::max(allowed, 0.0), "ms"});
        if (!sighting.truechimer) sighting.fault = falseticker(bias, std::max(allowed, 0.0));
    }
}

}  // namespace ntpopt
