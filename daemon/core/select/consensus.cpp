// Implementation of consensus.hpp.
#include "daemon/core/select/consensus.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ntpopt {
namespace {

constexpr double kTie = 1e-9;
constexpr double kOutlier = 4;  // standard deviations
constexpr double kHuber = 1.5;  // standard deviations up to which a voter counts in full
constexpr int kHuberSteps = 6;
constexpr int kRefinements = 4;
constexpr double kVotesToJudge = 4;  // with three, two could expel the third

struct Edge {
    double at = 0;
    double vote = 0;  // negative where an interval closes
};

/// Opening before closing at one point, so intervals that only touch do share it.
bool before(const Edge& a, const Edge& b) {
    if (a.at != b.at) return a.at < b.at;
    return a.vote > b.vote;
}

double weighted_median(const std::vector<Voter>& voters, std::vector<std::size_t> members) {
    const auto weight = [&](std::size_t i) { return voters[i].vote / voters[i].variance_ms2; };
    std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
        return voters[a].offset_ms != voters[b].offset_ms ? voters[a].offset_ms < voters[b].offset_ms : a < b;
    });
    double total = 0;
    for (const auto i : members)
        total += weight(i);
    double below = 0;
    for (std::size_t n = 0; n < members.size(); ++n) {
        below += weight(members[n]);
        if (below > total / 2 * (1 + kTie)) return voters[members[n]].offset_ms;
        if (below >= total / 2 * (1 - kTie) && n + 1 < members.size())
            return (voters[members[n]].offset_ms + voters[members[n + 1]].offset_ms) / 2;
    }
    return voters[members.back()].offset_ms;
}

/// One centre of the members as they are: the weighted median, refined by reweighting (Huber).
Centre centre_of(const std::vector<Voter>& voters, const std::vector<std::size_t>& members) {
    Centre out;
    out.offset_ms = weighted_median(voters, members);
    for (int step = 0; step <= kHuberSteps; ++step) {
        double sum = 0;
        double weights = 0;
        for (const auto i : members) {
            const auto& voter = voters[i];
            const double distance = std::abs(voter.offset_ms - out.offset_ms) / std::sqrt(voter.variance_ms2);
            const double trust = distance <= kHuber ? 1 : kHuber / distance;
            const double weight = voter.vote / voter.variance_ms2 * trust;
            sum += weight * (voter.offset_ms - out.offset_ms);
            weights += weight;
        }
        out.error_ms2 = 1 / weights;
        if (step < kHuberSteps) out.offset_ms += sum / weights;
    }
    return out;
}

}  // namespace

bool reaches(double votes, double number) {
    return votes > number - kTie;
}

bool exceeds(double votes, double number) {
    return votes > number + kTie;
}

double sum_of_votes(const std::vector<Voter>& voters) {
    return std::accumulate(voters.begin(), voters.end(), 0.0,
                           [](double sum, const Voter& voter) { return sum + voter.vote; });
}

Agreement find_agreement(const std::vector<Voter>& voters) {
    Agreement out;
    if (voters.empty()) return out;
    std::vector<Edge> edges;
    edges.reserve(2 * voters.size());
    for (const auto& voter : voters) {
        edges.push_back({voter.low_ms, voter.vote});
        edges.push_back({voter.high_ms, -voter.vote});
    }
    std::sort(edges.begin(), edges.end(), before);
    double votes = 0;
    bool open = false;      // inside one of the heaviest intervals
    bool in_first = false;  // and it is the first of them
    for (const auto& edge : edges) {
        votes += edge.vote;
        if (edge.vote < 0) {
            if (open) out.high_ms = edge.at;
            if (open && in_first) out.first_high_ms = edge.at;
            open = in_first = false;
        } else if (votes > out.votes + kTie) {
            out.votes = votes;
            out.low_ms = out.last_low_ms = edge.at;
            open = in_first = true;
        } else if (votes > out.votes - kTie) {
            out.last_low_ms = edge.at;
            open = true;
        }
    }
    // Between the first and the last of equally heavy intervals somebody may be missing; whoever reaches both is a
    // witness for the whole span.
    for (std::size_t i = 0; i < voters.size(); ++i) {
        if (voters[i].low_ms <= out.high_ms && voters[i].high_ms >= out.low_ms) out.members.push_back(i);
        if (voters[i].low_ms <= out.first_high_ms && voters[i].high_ms >= out.last_low_ms)
            out.witnesses += voters[i].vote;
    }
    out.majority = exceeds(out.witnesses, sum_of_votes(voters) / 2);
    return out;
}

Centre find_centre(const std::vector<Voter>& voters, std::vector<std::size_t> members) {
    Centre out;
    std::vector<std::size_t> outliers;
    for (int round = 0; round < kRefinements; ++round) {
        out = centre_of(voters, members);
        const double judges = std::accumulate(members.begin(), members.end(), 0.0,
                                              [&](double sum, std::size_t i) { return sum + voters[i].vote; });
        if (!reaches(judges, kVotesToJudge)) break;
        const auto is_outlier = [&](std::size_t i) {
            return std::abs(voters[i].offset_ms - out.offset_ms) > allowed_distance(voters[i], out.error_ms2);
        };
        const auto before_count = outliers.size();
        std::copy_if(members.begin(), members.end(), std::back_inserter(outliers), is_outlier);
        if (outliers.size() == before_count || outliers.size() - before_count == members.size()) break;
        std::erase_if(members, is_outlier);
    }
    std::sort(outliers.begin(), outliers.end());
    out.outliers = std::move(outliers);
    return out;
}

double allowed_distance(const Voter& voter, double centre_error_ms2) {
    return kOutlier * std::sqrt(voter.variance_ms2 + centre_error_ms2);
}

}  // namespace ntpopt
