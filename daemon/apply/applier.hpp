// The life of the applier's process: recovery first, then the bus, then the end when nobody needs it any more. Composes
// the parts of this room; main.cpp starts it.
#pragma once

#include "daemon/apply/options.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

/// What root wrote, as far as it could be read. Where there is a fault in it nothing is changed, since what root wants
/// is not known; the ways back stay open, since who cannot be undone must not change anything.
struct ApplierPolicy {
    Config config;
    Status fault;
};

/// Without --user the configuration must belong to root and be writable by nobody else.
[[nodiscard]] ApplierPolicy load_policy(const ApplierOptions& options);

/// Ends an interrupted change without any bus, and with --rollback-original goes back to the service's own servers; the
/// process's exit status: 0 unless the old state did not come back.
[[nodiscard]] int recover_and_exit(const ApplierOptions& options, const Config& config);

/// Serves the bus until idle, told to end, or the bus is lost; the process's exit status.
[[nodiscard]] int serve_bus(const ApplierOptions& options, const ApplierPolicy& policy);

}  // namespace ntpopt
