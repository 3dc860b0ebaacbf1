// The answer of GetMetrics, put together from what the engine has in memory. Asks nobody, so that a scrape costs
// nothing.
#pragma once

#include <optional>

#include "daemon/engine/optimizer.hpp"

namespace ntpopt {

/// The document of org.ntpopt1.Manager.GetMetrics; what is not known is null.
[[nodiscard]] Json metrics_document(const Optimizer& optimizer, std::optional<Duration> clock_error_bound);

}  // namespace ntpopt
