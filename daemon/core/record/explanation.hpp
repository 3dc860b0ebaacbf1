// The documents of `explain` (docs/interface.md): everything about one server with the gates that it met, and the
// sentences that tell it. A row of a server list has fewer keys, since there are thousands of those.
#pragma once

#include "common/json.hpp"
#include "daemon/core/select/explain.hpp"

namespace ntpopt {

/// {"server": every key of a server and gates, bound_ms, smoothed_jitter_ms, conviction; "sentences": [..],
/// "counterfactuals": [{"figure", "unit", "value", "actual"}]}.
[[nodiscard]] Json to_json(const Explanation& explanation);

}  // namespace ntpopt
