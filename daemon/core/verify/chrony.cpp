// Implementation of chrony.hpp.
#include "daemon/core/verify/chrony.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

/// iburst gives up after 8 requests 2 s apart, so who has not answered by then is down.
constexpr Duration kStragglers = std::chrono::seconds(20);

/// iburst asks every 2 s, and the third sample is enough; who cannot be selected long after that has other reasons.
constexpr Duration kYouth = std::chrono::seconds(10);

/// The clocks of two honest servers may part by this much between two samples without either one's bound saying so.
constexpr double kOffsetFloor_s = 0.001;
/// RFC 5905 7.2 PHI: what an unsteered oscillator may drift, in seconds a second.
constexpr double kDriftRate = 15e-6;

/// A source with a sample that it can only have taken since the reload.
bool is_proven(const ChronySource& source, bool fresh, Duration since_reload) {
    if (!source.selectable()) return false;
    return !fresh ||
           (source.last_rx_s && std::chrono::seconds(*source.last_rx_s) <= since_reload + std::chrono::seconds(1));
}

std::string complain(const ChronyMember& member, const std::vector<ChronySource>& sources) {
    for (const auto& source : sources)
        if (same_source_name(source.name, member.directive.name) && !source.is_unresolved())
            return fmt::format("{} ({})", member.directive.name, describe_state(source));
    return fmt::format("{} ({})", member.directive.name,
                       count_sources(sources, member.directive.name) == 0 ? "not loaded" : "unresolved");
}

Finding wait_or_give_up(std::string reason, Duration since_reload, Duration deadline) {
    if (since_reload < deadline) return {Judgement::wait, std::move(reason)};
    return {Judgement::roll_back, fmt::format("{} within {:.0f} s", reason, to_seconds(deadline))};
}

}  // namespace

Duration chrony_deadline(const ChronyPlan& plan, Duration configured) {
    if (configured > Duration::zero()) return configured;
    const bool names = std::any_of(plan.members.begin(), plan.members.end(), [](const auto& member) {
        return member.fresh && !Address::parse(member.directive.name);
    });
    return std::chrono::seconds(names ? 45 : 30);
}

Finding judge_new_sources(const ChronyPlan& plan, const ChronyObserved& seen, Duration deadline) {
    int proven_sources = 0;
    int expected_sources = 0;
    int fresh = 0;
    int fresh_proven = 0;
    std::vector<std::string> missing;
    for (const auto& member : plan.members) {
        if (member.withheld) continue;
        int proven = 0;
        for (const auto& source : seen.sources)
            if (same_source_name(source.name, member.directive.name) &&
                is_proven(source, member.fresh, seen.since_reload))
                ++proven;
        proven_sources += proven;
        expected_sources += member.directive.max_sources;
        fresh += member.fresh ? 1 : 0;
        fresh_proven += member.fresh && proven > 0 ? 1 : 0;
        if (proven == 0) missing.push_back(complain(member, seen.sources));
    }
    // Everything waits for an address of the old set: the proof comes after the break.
    if (expected_sources == 0) return {Judgement::keep, ""};
    if (missing.empty() && proven_sources >= std::min(plan.min_sources, expected_sources)) return {Judgement::keep, ""};

    const int needed = std::max(std::min(plan.min_sources, expected_sources), std::min(2, expected_sources));
    const bool enough = proven_sources >= needed && 2 * fresh_proven >= fresh;
    if (enough && seen.since_reload >= std::min(kStragglers, deadline)) return {Judgement::keep, ""};
    return wait_or_give_up(
        fmt::format("{} of the new sources did not prove themselves: {}", missing.size(), fmt::join(missing, ", ")),
        seen.since_reload, deadline);
}

Finding judge_offsets(const ChronyPlan& plan, const ChronyObserved& seen, const std::vector<ChronySource>& before) {
    // The old reference: what chronyd followed before, as it measures it now.
    double low = INFINITY;
    double high = -INFINITY;
    for (const auto& source : seen.sources) {
        const auto old = std::find_if(before.begin(), before.end(), [&](const auto& other) {
            return other.id == source.id && (other.state == '*' || other.state == '+') && other.reach != 0;
        });
        if (old == before.end() || source.reach == 0) continue;
        const double margin = std::abs(source.error_s) + kDriftRate * source.last_rx_s.value_or(0);
        low = std::min(low, source.offset_s - margin);
        high = std::max(high, source.offset_s + margin);
    }
    if (low > high) return {Judgement::keep, ""};
    for (const auto& source : seen.sources) {
        const auto* member = member_of(plan, source);
        if (member == nullptr || !member->fresh || source.reach == 0 || !source.last_rx_s) continue;
        const double margin = std::abs(source.error_s) + kDriftRate * *source.last_rx_s + kOffsetFloor_s;
        const double gap = std::max(low - source.offset_s, source.offset_s - high);
        if (gap > margin)
            return {
                Judgement::roll_back,
                fmt::format("{} is {:.3f} ms away from what the sources say that chronyd followed until now, more than "
                            "the {:.3f} ms that its error bound explains",
                            source.name, gap * 1e3, margin * 1e3)};
    }
    return {Judgement::keep, ""};
}

Finding judge_heirs(const std::vector<ChronySource>& sources, const std::vector<std::string>& names, Duration waited,
                    Duration deadline) {
    bool ready = false;
    bool young = false;
    for (const auto& source : sources) {
        const auto is_it = [&](const std::string& name) { return same_source_name(source.name, name); };
        if (source.is_refclock() || std::none_of(names.begin(), names.end(), is_it)) continue;
        ready = ready || source.selectable();
        young = young || (source.reach != 0 && source.state == '?');
    }
    if (ready && (!young || waited >= kYouth)) return {Judgement::keep, ""};
    if (!ready || waited < deadline)
        return wait_or_give_up(fmt::format("none of {} can be followed", fmt::join(names, ", ")), waited, deadline);
    return {Judgement::keep, ""};
}

Finding judge_takeover(const ChronyPlan& plan, const ChronyObserved& seen, const ChronyTracking& before,
                       Duration deadline) {
    const auto leftovers = sources_to_delete(plan, seen.sources);
    if (!leftovers.empty())
        return wait_or_give_up("chronyd still has old sources: " + fmt::format("{}", fmt::join(leftovers, ", ")),
                               seen.since_reload, deadline);
    if (seen.tracking.leap == 3) return wait_or_give_up("chronyd is not synchronised", seen.since_reload, deadline);
    for (const auto& source : seen.sources) {
        if (source.state != '*') continue;
        if (source.is_refclock()) return {Judgement::keep, ""};
        if (seen.tracking.address != source.address)
            return wait_or_give_up("chronyd does not track its selected source yet", seen.since_reload, deadline);
        const auto* member = member_of(plan, source);
        const bool fresh = member != nullptr && member->fresh;
        if (fresh && seen.tracking.reference_time_s <= before.reference_time_s)
            return wait_or_give_up("chronyd has no update from " + source.name, seen.since_reload, deadline);
        return {Judgement::keep, ""};
    }
    return wait_or_give_up("chronyd selected none of its sources", seen.since_reload, deadline);
}

std::vector<std::string> not_brought_back(const std::vector<std::string>& former, const std::vector<std::string>& owed,
                                          const std::vector<ChronySource>& sources) {
    const bool alone = std::all_of(sources.begin(), sources.end(), [](const auto& one) { return one.is_refclock(); });
    std::vector<std::string> lost;
    for (const auto& name : former) {
        const bool is_owed =
            std::any_of(owed.begin(), owed.end(), [&](const auto& other) { return same_source_name(other, name); });
        if ((alone || is_owed) && count_sources(sources, name) == 0) lost.push_back(name);
    }
    return lost;
}

}  // namespace ntpopt
