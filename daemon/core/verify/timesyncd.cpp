// Implementation of timesyncd.hpp.
#include "daemon/core/verify/timesyncd.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "common/text.hpp"
#include "daemon/core/plan/chrony_config.hpp"

namespace ntpopt {
namespace {

/// What a single answer may differ from the measurement besides both their errors: the clock is steered meanwhile.
constexpr double kAgreement_s = 0.05;
constexpr double kErrorFactor = 3;

Finding roll_back(std::string reason) {
    return {Judgement::roll_back, std::move(reason)};
}

bool is_of(const std::vector<std::string>& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const auto& other) { return same_source_name(other, name); });
}

/// A question from before the change was put to a server from before it. Who asks only for the answer's time takes an
/// answer that was under way for a new one.
bool is_fresh(const TimesyncdMessage& message, const TimesyncdMark& mark) {
    return message.origin_usec > mark.applied_usec && message.packet_count > mark.packet_count;
}

std::string nobody_answered(const TimesyncdPlan& plan, const TimesyncdStatus& seen, Duration since) {
    const int seconds = static_cast<int>(to_seconds(since));
    if (seen.server_name.empty())
        return fmt::format("none of {} could be asked within {} s", fmt::join(plan.servers, ", "), seconds);
    const std::string name = printable(seen.server_name);
    if (!is_of(plan.servers, seen.server_name))
        return fmt::format("systemd-timesyncd gave up the new servers within {} s and asks {}", seconds, name);
    return seen.server_address ? fmt::format("{} did not answer within {} s", name, seconds)
                               : fmt::format("{} did not resolve within {} s", name, seconds);
}

/// Nothing where the answer agrees with the measurement, and does not step a clock that was right before.
std::optional<std::string> disagreement(const TimesyncdPlan& plan, const TimesyncdStatus& seen) {
    const double offset_s = seen.message.offset_s();
    const std::string name = printable(seen.server_name);
    const auto measured = std::find_if(plan.measured.begin(), plan.measured.end(), [&](const auto& candidate) {
        return same_source_name(candidate.name, seen.server_name);
    });
    if (measured != plan.measured.end()) {
        const double apart = std::abs(offset_s - measured->offset_s);
        if (apart > kErrorFactor * std::abs(measured->error_s) + seen.message.delay_s() / 2 + kAgreement_s)
            return fmt::format("{} is {:.1f} ms away from this clock, and was measured at {:.1f} ms", name,
                               offset_s * 1e3, measured->offset_s * 1e3);
    }
    if (plan.was_synchronised && std::abs(offset_s) >= kTimesyncdStep_s)
        return fmt::format("{} stepped a synchronised clock by {:.0f} ms", name, offset_s * 1e3);
    return std::nullopt;
}

}  // namespace

Finding judge_timesyncd(const TimesyncdPlan& plan, const TimesyncdStatus& seen, const TimesyncdMark& mark,
                        Duration since_change, Duration deadline) {
    if (seen.listed() != plan.servers)
        return roll_back(fmt::format("systemd-timesyncd was told another list meanwhile: {}",
                                     printable(fmt::format("{}", fmt::join(seen.listed(), " ")))));
    // Who asks for the service's own servers gets them, even where they do not answer at the moment.
    if (plan.original) return {Judgement::keep, ""};

    const bool fresh = is_fresh(seen.message, mark) && is_of(plan.servers, seen.server_name);
    if (fresh && (seen.message.leap == 3 || seen.message.stratum <= 0 || seen.message.stratum >= 16))
        return roll_back(printable(seen.server_name) + " is not synchronised itself");
    if (fresh)
        if (auto why = disagreement(plan, seen)) return roll_back(std::move(*why));
    // timesyncd compares with the server before: the first answers from farther away are spikes to it, although they
    // agree with the clock within their round trip. A server that answers is not given up for that.
    if (fresh && (!seen.message.spike || mark.asked_again >= kTimesyncdAsks)) return {Judgement::keep, ""};
    if (since_change < deadline) return {Judgement::wait, fresh ? "the answer was set aside" : "no answer yet"};
    return fresh ? Finding{Judgement::keep, ""} : roll_back(nobody_answered(plan, seen, since_change));
}

bool should_ask_again(const TimesyncdPlan& plan, const TimesyncdStatus& seen, const TimesyncdMark& mark) {
    return is_fresh(seen.message, mark) && is_of(plan.servers, seen.server_name) && seen.message.spike &&
           mark.asked_again < kTimesyncdAsks;
}

}  // namespace ntpopt
