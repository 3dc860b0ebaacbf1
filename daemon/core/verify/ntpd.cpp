// Implementation of ntpd.hpp.
#include "daemon/core/verify/ntpd.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(60);
/// Who has not answered by then is down: eight requests of iburst 2 s apart, after the names were resolved.
constexpr Duration kStragglers = std::chrono::seconds(30);
/// ntpd has read its files before it answers; so much for a machine under load.
constexpr Duration kReading = std::chrono::seconds(5);

Finding wait_or_give_up(std::string reason, Duration since, Duration deadline) {
    if (since < deadline) return {Judgement::wait, std::move(reason)};
    return {Judgement::roll_back, fmt::format("{} within {:.0f} s", reason, to_seconds(deadline))};
}

bool is_of_any(const NtpdAssociation& association, const std::vector<NtpdMember>& members) {
    return std::any_of(members.begin(), members.end(), [&](const auto& member) { return is_of(association, member); });
}

std::string complain(const NtpdMember& member, const std::vector<NtpdAssociation>& associations) {
    for (const auto& association : associations)
        if (is_of(association, member)) return fmt::format("{} ({})", member.name, describe_state(association));
    return member.name + " (unresolved)";
}

/// Members of which at least one server answers, and the rest in words.
struct Answers {
    std::size_t answering = 0;
    int servers = 0;
    std::vector<std::string> missing;
};

Answers count_answers(const NtpdPlan& plan, const std::vector<NtpdAssociation>& associations) {
    Answers answers;
    for (const auto& member : plan.members) {
        const auto servers = std::count_if(associations.begin(), associations.end(), [&](const auto& association) {
            return association.answers() && is_of(association, member);
        });
        answers.servers += static_cast<int>(servers);
        if (servers > 0)
            ++answers.answering;
        else
            answers.missing.push_back(complain(member, associations));
    }
    return answers;
}

}  // namespace

Duration ntpd_deadline(Duration configured) {
    return configured > Duration::zero() ? configured : kDeadline;
}

Finding judge_ntpd(const NtpdPlan& plan, const NtpdObserved& seen, Duration applied_at, Duration deadline) {
    const auto& system = seen.state.system;
    const auto& associations = seen.state.associations;
    if (!seen.restarted) return wait_or_give_up("ntpd was not restarted", seen.since_restart, deadline);

    const auto leftovers = ntpd_leftovers(plan, associations);
    if (!leftovers.empty())
        return wait_or_give_up(fmt::format("ntpd still follows {}", fmt::join(leftovers, ", ")), seen.since_restart,
                               std::min(kReading, deadline));
    // ntpsec lists a name before it is resolved, the classic ntpd afterwards.
    const auto missing = ntpd_missing(plan, associations);
    if (!missing.empty() && plan.flavour == NtpdFlavour::ntpsec)
        return wait_or_give_up(fmt::format("ntpd did not take {} from its configuration", fmt::join(missing, ", ")),
                               seen.since_restart, std::min(kReading, deadline));

    if (plan.was_synchronised && plan.step_limit_s > 0 && !plan.original)
        for (const auto& association : associations)
            if (association.answers() && is_of_any(association, plan.members) &&
                std::abs(association.offset_s) > plan.step_limit_s + association.delay_s / 2)
                return {Judgement::roll_back,
                        fmt::format("{} is {:.3f} ms away from the clock, which was synchronised before: ntpd could "
                                    "step it",
                                    association.text(), association.offset_s * 1e3)};

    const Answers answers = count_answers(plan, associations);
    const auto absent = fmt::format("{} of the new sources did not prove themselves: {}", answers.missing.size(),
                                    fmt::join(answers.missing, ", "));
    if (!system.synchronised())
        return wait_or_give_up(
            answers.missing.empty() ? "ntpd is not synchronised" : "ntpd is not synchronised; " + absent,
            seen.since_restart, deadline);
    const auto* peer = seen.state.peer();
    if (peer == nullptr || peer->reach == 0 || (system.address && system.address != peer->address))
        return wait_or_give_up("ntpd names no system peer that answers", seen.since_restart, deadline);
    if (is_refclock(*peer)) return {Judgement::keep, ""};
    if (!is_of_any(*peer, plan.members) && !is_of_any(*peer, plan.staying))
        return wait_or_give_up(peer->text() + " is not of the new set", seen.since_restart, deadline);
    const bool fresh = system.reference_time.known() &&
                       (!plan.was_synchronised || to_unix(system.reference_time, applied_at) > applied_at);
    if (!fresh) return wait_or_give_up("ntpd has no update of the clock since", seen.since_restart, deadline);
    if (answers.missing.empty()) return {Judgement::keep, ""};

    const bool enough = answers.servers >= std::min<int>(plan.min_sane, static_cast<int>(plan.members.size())) &&
                        2 * answers.answering >= plan.members.size();
    if (enough && seen.since_restart >= std::min(kStragglers, deadline)) return {Judgement::keep, ""};
    return wait_or_give_up(absent, seen.since_restart, deadline);
}

Finding judge_ntpd_return(NtpdFlavour flavour, const std::vector<NtpdMember>& asked_for, const NtpdObserved& seen,
                          Duration deadline) {
    NtpdPlan wanted;
    wanted.members = asked_for;
    const auto& associations = seen.state.associations;
    if (const auto others = ntpd_leftovers(wanted, associations); !others.empty())
        return wait_or_give_up(fmt::format("ntpd still follows {}", fmt::join(others, ", ")), seen.since_restart,
                               deadline);
    // The classic ntpd shows a source only when its name is resolved, which may take as long as it likes.
    const auto missing = ntpd_missing(wanted, associations);
    if (flavour == NtpdFlavour::ntpsec && !missing.empty())
        return wait_or_give_up(fmt::format("ntpd did not take back {}", fmt::join(missing, ", ")), seen.since_restart,
                               deadline);
    return {Judgement::keep, ""};
}

}  // namespace ntpopt
