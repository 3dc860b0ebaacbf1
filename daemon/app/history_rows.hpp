// The past as GetHistory answers it: rounds of the archive, read one at a time while the answer is written.
#pragma once

#include "daemon/api/control.hpp"
#include "daemon/ports/archive.hpp"

namespace ntpopt {

/// The newest rounds that the query is for and that fit one answer, the oldest first. `archive` outlives them.
[[nodiscard]] Result<HistoryRows> history_rows(Archive& archive, const HistoryQuery& query);

}  // namespace ntpopt
