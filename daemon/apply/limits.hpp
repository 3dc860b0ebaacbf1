// The gates that hold whatever the daemon asks for: root's whitelist, how often anything may be done in a day, a pause
// after a roll-back by hand.
// The applier enforces them itself, since the daemon that asks may have been taken over.
#pragma once

#include <vector>

#include "common/time_text.hpp"
#include "daemon/apply/journal.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

/// Errc::refused names the first closed gate. `by_hand` opens the pause and nothing else.
[[nodiscard]] Status check_limits(const JournalDocument& document, const std::vector<Choice>& choices, bool by_hand,
                                  const Config& config, RealTime now);

/// How many changes the limit a day still allows.
[[nodiscard]] int changes_left(const JournalDocument& document, const Config& config, RealTime now);

/// Errc::refused where root's whitelist does not name each of the servers, by the very string that will be written.
[[nodiscard]] Status check_whitelist(const std::vector<Choice>& choices, const Config& config);

/// Errc::refused after so many transactions in a day, of whatever kind, that nobody can have meant them all. It keeps
/// repetitions and roll-backs, which max_changes_per_day does not count, from wearing out a service or a disk.
[[nodiscard]] Status check_begun(const JournalDocument& document, RealTime now);
/// A clock that was set back leaves times in the future; they count from now, so that no limit holds for years.
void settle_times(JournalDocument& document, RealTime now);

/// Remembers that a transaction began, for check_begun().
void count_begun(JournalDocument& document, RealTime now);

/// Remembers a change for the daily limit and forgets those that no longer count.
void count_change(JournalDocument& document, RealTime now);

}  // namespace ntpopt
