// The gates that hold whatever the daemon asks for: root's whitelist, changes a day, a pause after a roll-back by hand.
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

/// Remembers a change for the daily limit and forgets those that no longer count.
void count_change(JournalDocument& document, RealTime now);

}  // namespace ntpopt
