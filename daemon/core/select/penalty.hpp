// What a bad round costs a server: failures in a row blacklist it, a kiss-o'-death bans or pauses it, a good round
// after the time forgives everything (SELECTION.md 4.5, 6.1).
#pragma once

#include <optional>
#include <string_view>

#include "daemon/core/select/state.hpp"

namespace ntpopt {

/// What one round said of one name.
enum class RoundResult {
    good,    ///< at least half of the samples were valid
    failed,  ///< fewer were, or the name did not resolve
    rate,    ///< kiss-o'-death RATE: busy is not wrong, it is only asked less often
    deny,    ///< kiss-o'-death DENY or RSTR
    unjudged,
};

/// Counts the round. `blacklist_after` failures in a row blacklist for 7 days, doubling to 90; without it they are only
/// counted. DENY bans likewise, but an incumbent only once it has been silent for a second round, since an
/// unauthenticated packet must not unseat a server.
void learn_result(Penalty& penalty, RoundResult result, bool incumbent, std::optional<int> blacklist_after,
                  double now_s);

/// True where the penalty holds nothing any more and can be dropped.
[[nodiscard]] bool is_clean(const Penalty& penalty);

}  // namespace ntpopt
