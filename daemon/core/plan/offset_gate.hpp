// The last look at measured offsets before a service is restarted with new servers: a restart forgets what the service
// knew, and may let it step the clock by what the first servers say. For services that cannot compare old and new
// sources by themselves (ntpd, timesyncd); chronyd can.
#pragma once

#include <vector>

#include "common/error.hpp"
#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// Errc::refused where the choices do not agree with one another within their expected errors, or, as long as the
/// clock is synchronised, where they are farther from it than `limit_s`, beyond which the service steps (0: it never
/// does). Choices without figures (expected error 0) are passed over.
[[nodiscard]] Status check_offsets(const std::vector<Choice>& choices, double limit_s, bool synchronised);

}  // namespace ntpopt
