// What a decision tells of every server, from the table that it was made on.
#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

RankedServer describe(const Trial& trial, const Sighting& sighting) {
    const auto& candidate = sighting.seen->candidate;
    const auto& measurement = sighting.seen->measurement;
    const auto& header = measurement.header;
    const int sent = measurement.sent() - measurement.unsent;
    RankedServer out;
    out.name = candidate.endpoint.text();
    out.address = sighting.seen->address;
    out.port = candidate.endpoint.port;
    out.offset_ms = sighting.bias_ms;
    if (header) out.stratum = header->stratum;
    out.reachability = sighting.reachability;
    if (sent > 0) out.answered = 100.0 * measurement.received() / sent;
    out.region = candidate.region;
    out.timescale = sighting.timescale;
    out.group = trial.groups.labels[sighting.group];
    out.pool = candidate.pool;
    out.gates = sighting.gates;
    out.conviction = sighting.conviction;
    if (!sighting.summary) return out;
    const auto& summary = *sighting.summary;
    out.raw_offset_ms = summary.offset_ms + trial.base_s * 1e3;
    out.delay_ms = summary.delay_ms;
    out.jitter_ms = summary.rms_jitter_ms;
    out.smoothed_jitter_ms = sighting.jitter_ms;
    out.error_ms = sighting.error_ms;
    out.bound_ms = summary.delay_ms / 2 + summary.advertised_ms;
    out.score = sighting.score;
    out.score_parts = sighting.parts;
    return out;
}

/// A name without an address of its own to show: a pool as such, or an incumbent that nobody named this round.
RankedServer describe(const Option& option) {
    RankedServer out;
    out.name = option.endpoint.text();
    out.port = option.endpoint.port;
    out.timescale = option.timescale;
    out.pool = option.pool;
    if (option.pool && option.score > 0) {
        out.score = option.score;
        out.error_ms = option.error_ms;
    }
    return out;
}

void conclude(RankedServer& server, const Option& option) {
    server.rank = option.rank;
    server.verdict = option.verdict;
    server.reason = option.reason;
    if (option.rank || option.chosen) {
        if (option.score > 0) server.score = option.score;
        if (option.parts) server.score_parts = option.parts;
    }
}

}  // namespace

std::vector<RankedServer> report_servers(const Trial& trial) {
    std::vector<RankedServer> out;
    for (const auto& option : trial.options) {
        if (option.sightings.empty() || (option.pool && trial.sightings[option.sightings.front()].seen->address)) {
            out.push_back(describe(option));
            conclude(out.back(), option);
        }
        const auto face = option.face.value_or(option.sightings.empty() ? 0 : option.sightings.front());
        for (const auto i : option.sightings) {
            const auto& sighting = trial.sightings[i];
            out.push_back(describe(trial, sighting));
            auto& server = out.back();
            const bool member = option.pool && sighting.seen->address;
            if (!member && i == face) {
                conclude(server, option);
            } else if (sighting.fault) {
                server.verdict = sighting.fault->verdict;
                server.reason = sighting.fault->reason;
            } else {
                server.verdict = option.verdict;
                server.reason = member
                                    ? fmt::format("a member of the pool {}, which counts by its name only", server.name)
                                    : fmt::format("another address of {}: {}", server.name, option.reason);
            }
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const RankedServer& a, const RankedServer& b) {
        if (a.rank.has_value() != b.rank.has_value()) return a.rank.has_value();
        if (a.rank && *a.rank != *b.rank) return *a.rank < *b.rank;
        return !a.rank && a.name < b.name;
    });
    return out;
}

}  // namespace ntpopt
