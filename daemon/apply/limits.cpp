// Implementation of limits.hpp.
#include "daemon/apply/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/select/pattern.hpp"

namespace ntpopt {
namespace {

constexpr std::uint64_t kDay_usec = 86'400'000'000;

/// A change counts for a day; one from the future (the clock was set back) counts too.
bool is_recent(std::uint64_t change_usec, std::uint64_t now_usec) {
    return change_usec + kDay_usec > now_usec;
}

}  // namespace

Status check_limits(const JournalDocument& document, const std::vector<Choice>& choices, bool by_hand,
                    const Config& config, RealTime now) {
    if (config.mode == Mode::observe)
        return Error{Errc::refused, "the configuration says mode = \"observe\": nothing is changed"};
    if (document.paused && !by_hand)
        return Error{Errc::refused, "rolled back by hand: nothing is applied until somebody asks for it"};
    const PatternList whitelist(config.selection.whitelist);
    for (const auto& choice : choices)
        if (!whitelist.empty() && !whitelist.matches(choice.endpoint.host))
            return Error{Errc::refused, choice.endpoint.text() + " is not on the whitelist"};
    const auto recent = std::count_if(document.changes_usec.begin(), document.changes_usec.end(),
                                      [&](std::uint64_t change) { return is_recent(change, to_usec(now)); });
    if (recent >= config.apply.max_changes_per_day)
        return Error{Errc::refused, fmt::format("{} changes in the last 24 hours, and max_changes_per_day is {}",
                                                recent, config.apply.max_changes_per_day)};
    return {};
}

void count_change(JournalDocument& document, RealTime now) {
    std::erase_if(document.changes_usec, [&](std::uint64_t change) { return !is_recent(change, to_usec(now)); });
    document.changes_usec.push_back(to_usec(now));
}

}  // namespace ntpopt
