// Implementation of limits.hpp.
#include "daemon/apply/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/select/pattern.hpp"

namespace ntpopt {
namespace {

constexpr std::uint64_t kDay_usec = 86'400'000'000;
/// A round every half hour and a look at the service every quarter are 144.
constexpr std::ptrdiff_t kMaxBegun = 200;

/// A change counts for a day.
bool is_recent(std::uint64_t change_usec, std::uint64_t now_usec) {
    return change_usec + kDay_usec > now_usec;
}

std::ptrdiff_t count_recent(const std::vector<std::uint64_t>& times_usec, RealTime now) {
    return std::count_if(times_usec.begin(), times_usec.end(),
                         [&](std::uint64_t time) { return is_recent(time, to_usec(now)); });
}

void remember(std::vector<std::uint64_t>& times_usec, RealTime now) {
    std::erase_if(times_usec, [&](std::uint64_t time) { return !is_recent(time, to_usec(now)); });
    times_usec.push_back(to_usec(now));
}

}  // namespace

Status check_whitelist(const std::vector<Choice>& choices, const Config& config) {
    const PatternList whitelist(config.selection.whitelist);
    for (const auto& choice : choices)
        if (!whitelist.admits(choice.endpoint.host))
            return Error{Errc::refused, choice.endpoint.text() + " is not on the whitelist"};
    return {};
}

Status check_begun(const JournalDocument& document, RealTime now) {
    if (count_recent(document.begun_usec, now) < kMaxBegun) return {};
    return Error{
        Errc::refused,
        fmt::format("{} transactions in the last 24 hours: something asks again and again; see the journal, or "
                    "let root roll back",
                    kMaxBegun)};
}

void settle_times(JournalDocument& document, RealTime now) {
    for (auto* times : {&document.changes_usec, &document.begun_usec})
        for (auto& time : *times)
            time = std::min(time, to_usec(now));
}

void count_begun(JournalDocument& document, RealTime now) {
    remember(document.begun_usec, now);
    // Root is not bound by the limit, its memory is.
    while (document.begun_usec.size() > static_cast<std::size_t>(kMaxBegun))
        document.begun_usec.erase(document.begun_usec.begin());
}

Status check_limits(const JournalDocument& document, const std::vector<Choice>& choices, bool by_hand,
                    const Config& config, RealTime now) {
    if (config.mode == Mode::observe)
        return Error{Errc::refused, "the configuration says mode = \"observe\": nothing is changed"};
    if (document.paused && !by_hand)
        return Error{Errc::refused, "rolled back by hand: nothing is applied until somebody asks for it"};
    if (auto listed = check_whitelist(choices, config); !listed) return listed;
    const auto recent = count_recent(document.changes_usec, now);
    if (recent >= config.apply.max_changes_per_day)
        return Error{Errc::refused, fmt::format("{} changes in the last 24 hours, and max_changes_per_day is {}",
                                                recent, config.apply.max_changes_per_day)};
    return {};
}

int changes_left(const JournalDocument& document, const Config& config, RealTime now) {
    const auto left = config.apply.max_changes_per_day - count_recent(document.changes_usec, now);
    return static_cast<int>(std::max<std::ptrdiff_t>(0, left));
}

void count_change(JournalDocument& document, RealTime now) {
    remember(document.changes_usec, now);
}

}  // namespace ntpopt
