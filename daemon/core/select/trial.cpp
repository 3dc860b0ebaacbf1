// Lays the table of a decision, for trial.hpp.
#include "daemon/core/select/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "common/time_text.hpp"
#include "daemon/core/select/timescale.hpp"

namespace ntpopt {
namespace {

std::string key_of(const Address& address, std::uint16_t port) {
    return address.is_v4() ? fmt::format("{}:{}", address.text(), port) : fmt::format("[{}]:{}", address.text(), port);
}

bool canonical_before(const Observation* a, const Observation* b) {
    const auto key = [](const Observation& o) { return std::tie(o.candidate.endpoint, o.candidate.pool, o.address); };
    return key(*a) < key(*b);
}

/// Today's sources where nothing was chosen by us yet.
std::vector<Incumbent> found_incumbents(const DecisionContext& context, int sources) {
    std::vector<Incumbent> out;
    for (const auto& source : context.current) {
        const bool known = std::any_of(out.begin(), out.end(),
                                       [&](const Incumbent& other) { return other.endpoint == source.endpoint; });
        if (known) continue;
        out.push_back({.endpoint = source.endpoint,
                       .pool = source.pool,
                       .maxsources = source.pool ? sources : 0,
                       .timescale = source.timescale,
                       .address = std::nullopt});
    }
    return out;
}

}  // namespace

Trial open_trial(const std::vector<Observation>& observations, const SelectionState& state,
                 const SelectionConfig& config, const DecisionContext& context) {
    Trial trial{.config = config, .context = context, .next = state};
    trial.next.proposed.clear();
    if (context.synchronised) {
        pull_back_penalties(trial.next, context.time_s);
        forget_old(trial.next, context.time_s);
    }
    trial.ours = !state.incumbents.empty();
    trial.standing = trial.ours ? state.incumbents : found_incumbents(context, config.sources);

    std::vector<const Observation*> seen;
    seen.reserve(observations.size());
    for (const auto& observation : observations)
        seen.push_back(&observation);
    std::stable_sort(seen.begin(), seen.end(), canonical_before);
    // One address of one name counts once, however many discoverers brought it.
    seen.erase(
        std::unique(seen.begin(), seen.end(),
                    [](const auto* a, const auto* b) { return !canonical_before(a, b) && !canonical_before(b, a); }),
        seen.end());

    trial.groups = find_groups(seen);
    std::map<Endpoint, std::size_t> numbers;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto& candidate = seen[i]->candidate;
        const auto [at, is_new] = numbers.emplace(candidate.endpoint, trial.options.size());
        if (is_new)
            trial.options.push_back({.endpoint = candidate.endpoint,
                                     .pool = candidate.pool,
                                     .regional = candidate.regional,
                                     .timescale = candidate.timescale});
        // Where the finders of a name disagree about its class, the one that does not fit counts.
        if (!fits_timescale(candidate.timescale, config.timescale, context.leap_window))
            trial.options[at->second].timescale = candidate.timescale;
        Sighting sighting;
        sighting.seen = seen[i];
        sighting.option = at->second;
        sighting.group = trial.groups.of[i];
        sighting.owner = trial.groups.owner_of[i];
        sighting.timescale = candidate.timescale;
        if (seen[i]->address) sighting.key = key_of(*seen[i]->address, candidate.endpoint.port);
        sighting.subject = candidate.pool && seen[i]->address ? seen[i]->address->text() : candidate.endpoint.text();
        trial.options[at->second].sightings.push_back(trial.sightings.size());
        trial.sightings.push_back(std::move(sighting));
    }
    for (std::size_t i = 0; i < trial.standing.size(); ++i) {
        const auto& incumbent = trial.standing[i];
        const auto [at, is_new] = numbers.emplace(incumbent.endpoint, trial.options.size());
        if (is_new)
            trial.options.push_back(
                {.endpoint = incumbent.endpoint, .pool = incumbent.pool, .timescale = incumbent.timescale});
        trial.options[at->second].standing = i;
    }
    return trial;
}

bool may_improve(const Trial& trial) {
    const auto needed = trial.context.serves_others ? Confidence::high : Confidence::medium;
    return trial.confidence >= needed && !trial.leap_window;
}

bool is_in_use(const Trial& trial, const Sighting& sighting) {
    const auto& option = trial.options[sighting.option];
    return option.standing && sighting.subject == option.endpoint.text();
}

int group_cap(int sources) {
    return std::max(1, (sources - 1) / 2);
}

bool shares_upstream(const Sighting& a, const Sighting& b) {
    if (!a.key.empty() && a.key == b.key) return true;
    const auto& ours = a.seen->measurement.header;
    const auto& theirs = b.seen->measurement.header;
    if (!ours || !theirs || ours->refid != theirs->refid) return false;
    const bool alias = ours->reference_time != 0 && ours->reference_time == theirs->reference_time &&
                       ours->root_delay_s == theirs->root_delay_s;
    // At stratum 1 the refid names a kind of clock, and 127.127.x.y a driver: neither is an upstream (RFC 5905 7.3).
    const bool names_upstream =
        ours->stratum >= 2 && theirs->stratum >= 2 && ours->refid != 0 && ours->refid >> 16 != 0x7f7f;
    return alias || names_upstream;
}

Fault wrong_timescale(Timescale server, Timescale wanted) {
    if (server == Timescale::unknown && wanted == Timescale::utc)
        return {Verdict::wrong_timescale, "whether it smears is not known, and a leap second is near"};
    return {Verdict::wrong_timescale,
            fmt::format("it tells {}, the set is to tell {}", name_of(server), name_of(wanted))};
}

std::string ms_text(double ms) {
    const double size = std::abs(ms);
    return size >= 10    ? fmt::format("{:.1f} ms", ms)
           : size >= 0.1 ? fmt::format("{:.2f} ms", ms)
                         : fmt::format("{:.3f} ms", ms);
}

std::pair<std::string, std::string> ms_texts(double ms, double limit_ms) {
    std::pair out{ms_text(ms), ms_text(limit_ms)};
    if (out.first != out.second) return out;
    const auto [a, b] = told_apart(ms, limit_ms, 1);
    return {a + " ms", b + " ms"};
}

std::pair<std::string, std::string> told_apart(double a, double b, int decimals) {
    constexpr int kMostDecimals = 12;
    std::pair<std::string, std::string> out;
    do {
        out = {fmt::format("{:.{}f}", a, decimals), fmt::format("{:.{}f}", b, decimals)};
    } while (out.first == out.second && ++decimals <= kMostDecimals);
    return out;
}

std::string until_text(double time_s) {
    if (!(time_s < 9e9)) return "it is lifted";
    return render_time(RealTime(from_seconds(std::floor(time_s / 60) * 60))).substr(0, 16) + "Z";
}

}  // namespace ntpopt
