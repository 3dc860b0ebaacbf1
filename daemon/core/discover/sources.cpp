// Implementation of sources.hpp.
#include "daemon/core/discover/sources.hpp"

#include <algorithm>

#include "daemon/core/discover/pool_zones.hpp"

namespace ntpopt {
namespace {

void add(std::vector<Candidate>& out, const std::string& name, std::uint16_t port, bool pool) {
    auto host = Host::parse(name);
    if (!host) return;  // "a.b.c.d#key" or whatever else no client of ours could be told
    if (host->address() && (pool || host->address()->is_unusable())) return;
    Candidate candidate{.endpoint = {*std::move(host), port}, .source = CandidateSource::current, .pool = pool};
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const Candidate& other) { return other.endpoint == candidate.endpoint; });
    if (same == out.end())
        out.push_back(std::move(candidate));
    else
        same->pool = same->pool || pool;
}

}  // namespace

std::vector<Candidate> configured_candidates(const DiscoveryConfig& config) {
    std::vector<Candidate> out;
    for (const auto& server : config.servers)
        out.push_back({.endpoint = server, .source = CandidateSource::configured});
    for (const auto& name : config.pools)
        out.push_back({.endpoint = {name}, .source = CandidateSource::configured, .pool = true});
    return out;
}

std::vector<Candidate> current_candidates(const ServiceObservation& service) {
    std::vector<Candidate> out;
    for (const auto& source : service.sources)
        if (source.origin != "refclock") add(out, source.name, source.port, source.pool);
    // The service's configuration says only the name; what a pool is may be known from its members, or from the name.
    for (const auto& name : service.base_names) {
        const bool known = std::any_of(
            out.begin(), out.end(), [&](const Candidate& candidate) { return candidate.endpoint.host.text() == name; });
        if (!known) add(out, name, kNtpPort, is_pool_zone(name));
    }
    return out;
}

std::vector<std::string> configured_names(const ServiceObservation& service) {
    auto out = service.base_names;
    for (const auto& source : service.sources)
        out.push_back(source.name);
    return out;
}

}  // namespace ntpopt
