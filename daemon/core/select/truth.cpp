// The stage of the decision that asks who agrees with whom: votes, trusted servers, consensus, confidence (SELECTION.md
// 4.4). The mathematics is consensus.hpp's.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

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

/// Shares out the votes: the servers of one owner have one between them, and where those of one group then have more
/// than one, each gives up the same part. A server is an address: its names and ports share its vote, and of several
/// owners the one who leaves it most counts, so that a name takes nothing from somebody else's server.
Electorate register_voters(const Trial& trial, const std::vector<std::size_t>& sightings) {
    struct Server {
        std::size_t group = 0;
        double share = 0;
        int names = 0;
    };
    std::map<std::size_t, std::set<Address>> servers_of_owner;
    for (const auto i : sightings)
        servers_of_owner[trial.sightings[i].owner].insert(*trial.sightings[i].seen->address);
    std::map<Address, Server> servers;
    for (const auto i : sightings) {
        const auto& sighting = trial.sightings[i];
        auto& server = servers[*sighting.seen->address];
        server.group = sighting.group;
        server.share = std::max(server.share, 1.0 / static_cast<double>(servers_of_owner[sighting.owner].size()));
        server.names += 1;
    }
    std::vector<double> votes_of_group(trial.groups.labels.size(), 0);
    for (const auto& [address, server] : servers)
        votes_of_group[server.group] += server.share;
    Electorate out;
    for (const auto i : sightings) {
        const auto& summary = *trial.sightings[i].summary;
        const auto& server = servers[*trial.sightings[i].seen->address];
        out.voters.push_back({.low_ms = summary.low_ms,
                              .high_ms = summary.high_ms,
                              .offset_ms = summary.offset_ms,
                              .variance_ms2 = summary.prior_ms2 + summary.noise_ms2,
                              .vote = server.share / server.names / std::max(1.0, votes_of_group[server.group])});
        out.sightings.push_back(i);
    }
    return out;
}

bool reaches_into(const Voter& voter, double low_ms, double high_ms) {
    return voter.low_ms <= high_ms && voter.high_ms >= low_ms;
}

/// The voters who share an interval, and what it says.
Camp describe_camp(const Trial& trial, const Electorate& electorate, double low_ms, double high_ms, double votes) {
    Camp camp{.offset_ms = (low_ms + high_ms) / 2, .votes = votes, .names = {}};
    for (std::size_t i = 0; i < electorate.voters.size(); ++i) {
        if (!reaches_into(electorate.voters[i], low_ms, high_ms)) continue;
        auto name = trial.options[trial.sightings[electorate.sightings[i]].option].endpoint.text();
        if (camp.names.empty() || camp.names.back() != name) camp.names.push_back(std::move(name));
    }
    return camp;
}

/// Notes why there is no agreement: two camps that are equally heavy, each with a majority by voters who are in both;
/// or else the heaviest, and the heaviest without its voters.
void describe_camps(Trial& trial, const Electorate& electorate, const Agreement& agreement) {
    auto& consensus = trial.consensus;
    consensus.electorate = sum_of_votes(electorate.voters);
    consensus.votes = agreement.votes;
    consensus.camps = {describe_camp(trial, electorate, agreement.low_ms, agreement.first_high_ms, agreement.votes)};
    if (exceeds(agreement.votes, consensus.electorate / 2)) {
        consensus.camps.push_back(
            describe_camp(trial, electorate, agreement.last_low_ms, agreement.high_ms, agreement.votes));
        consensus.votes_for_both = agreement.witnesses;
        return;
    }
    Electorate rest;
    for (std::size_t i = 0; i < electorate.voters.size(); ++i) {
        if (reaches_into(electorate.voters[i], agreement.low_ms, agreement.first_high_ms)) continue;
        rest.voters.push_back(electorate.voters[i]);
        rest.sightings.push_back(electorate.sightings[i]);
    }
    if (rest.voters.empty()) return;
    const auto other = find_agreement(rest.voters);
    consensus.camps.push_back(describe_camp(trial, rest, other.low_ms, other.first_high_ms, other.votes));
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
    trial.consensus.anchored = anchor.majority;
    if (!anchor.majority) {
        describe_camps(trial, electorate, anchor);
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
    const auto [is, allowed] = ms_texts(std::abs(bias_ms), allowed_ms);
    return {Verdict::falseticker,
            fmt::format("offset {} from the consensus, more than the {} its error bounds allow", is, allowed)};
}

/// A leap second is announced by the majority, and the month is about to end.
bool leap_is_announced(const Trial& trial, const Electorate& electorate, const Agreement& agreement) {
    double announced = 0;
    for (const auto member : agreement.members) {
        const auto& header = trial.sightings[electorate.sightings[member]].seen->measurement.header;
        if (header && (header->leap == 1 || header->leap == 2)) announced += electorate.voters[member].vote;
    }
    return exceeds(announced, sum_of_votes(electorate.voters) / 2) && is_near_month_end(trial.context.time_s);
}

Confidence confidence_of(double votes, double electorate) {
    if (reaches(electorate, 5) && reaches(votes, 2 * electorate / 3)) return Confidence::high;
    return reaches(electorate, 3) ? Confidence::medium : Confidence::low;
}

}  // namespace

void judge_truth(Trial& trial) {
    auto& consensus = trial.consensus;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < trial.sightings.size(); ++i)
        if (trial.sightings[i].votes) all.push_back(i);
    if (all.empty()) return;
    const auto electorate = register_voters(trial, admit(trial, all));
    if (electorate.voters.empty()) return;
    const auto agreement = find_agreement(electorate.voters);
    if (!agreement.majority) return describe_camps(trial, electorate, agreement);
    const auto centre = find_centre(electorate.voters, agreement.members);
    consensus.found = true;
    consensus.electorate = sum_of_votes(electorate.voters);
    consensus.votes = agreement.votes;
    consensus.low_ms = agreement.low_ms;
    consensus.high_ms = agreement.high_ms;
    consensus.centre_ms = centre.offset_ms;
    consensus.error_ms = std::sqrt(centre.error_ms2);
    trial.centre_error_ms2 = centre.error_ms2;
    trial.confidence = confidence_of(consensus.votes, consensus.electorate);
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
