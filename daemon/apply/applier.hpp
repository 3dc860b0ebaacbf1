// The life of the applier's process: recovery first, then the bus, then the end when nobody needs it any more. Composes
// the parts of this room; main.cpp starts it.
#pragma once

#include "daemon/apply/policy.hpp"

namespace ntpopt {

/// Ends an interrupted change without any bus, and with --rollback-original goes back to the service's own servers; the
/// process's exit status: 0 unless the old state did not come back.
[[nodiscard]] int recover_and_exit(const ApplierOptions& options, const Config& config);

/// Serves the bus until idle, told to end, or the bus is lost; the process's exit status.
[[nodiscard]] int serve_bus(const ApplierOptions& options, const ApplierPolicy& policy);

}  // namespace ntpopt
