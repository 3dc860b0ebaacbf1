// merge_candidates(), and the words of candidate.hpp.
#include "daemon/core/discover/candidates.hpp"

#include <algorithm>
#include <map>

namespace ntpopt {
namespace {

/// Lower is asked first.
int precedence(const Candidate& candidate) {
    switch (candidate.source) {
        case CandidateSource::configured:
            return 0;
        case CandidateSource::current:
            return 1;
        case CandidateSource::dhcp:
            return 2;
        case CandidateSource::srv:
            return 3;
        case CandidateSource::cloud:
            return 4;
        case CandidateSource::catalogue:
            return candidate.regional ? 5 : candidate.anycast ? 6 : 9;
        case CandidateSource::pool_zone:
            return 7;
        case CandidateSource::list:
            return candidate.regional ? 5 : 8;
    }
    return 9;
}

/// What `other` knows and `kept` does not. A list of strangers teaches nothing about what others named.
void learn(Candidate& kept, const Candidate& other) {
    if (other.source == CandidateSource::list && kept.source != CandidateSource::list) return;
    if (kept.operator_name.empty()) kept.operator_name = other.operator_name;
    if (kept.region.empty()) kept.region = other.region;
    if (kept.timescale == Timescale::unknown) kept.timescale = other.timescale;
    kept.pool = kept.pool || other.pool;
    kept.regional = kept.regional || other.regional;
    kept.anycast = kept.anycast || other.anycast;
}

}  // namespace

bool may_lead_to(const Candidate& candidate, const Address& address) {
    if (address.is_unusable()) return false;
    // A network announces its own servers, and knows none of this machine.
    const bool announced = candidate.source == CandidateSource::dhcp || candidate.source == CandidateSource::srv;
    if (announced && address.is_loopback()) return false;
    return !is_public(candidate.source) || !address.is_private();
}

std::vector<Candidate> merge_candidates(std::vector<Candidate> found, const Catalogue& catalogue, const Region& here) {
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.source < b.source; });
    std::vector<Candidate> out;
    std::map<Endpoint, std::size_t> seen;
    for (auto& candidate : found) {
        const auto [entry, is_new] = seen.emplace(candidate.endpoint, out.size());
        if (is_new)
            out.push_back(std::move(candidate));
        else
            learn(out[entry->second], candidate);
    }
    for (auto& candidate : out) {
        if (candidate.source == CandidateSource::list && catalogue.find(candidate.endpoint.host)) {
            candidate = {.endpoint = candidate.endpoint, .source = CandidateSource::list, .pool = candidate.pool};
        }
        catalogue.describe(candidate);
        const auto region = parse_region(candidate.region);
        if (region && here.known() && region->continent == here.continent) candidate.regional = true;
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return precedence(a) < precedence(b); });
    if (out.size() > kMaxCandidates) out.erase(out.begin() + kMaxCandidates, out.end());
    return out;
}

}  // namespace ntpopt
