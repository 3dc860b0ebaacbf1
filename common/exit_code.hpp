// The exit codes of ntpoptctl, as scripts rely on them (docs/interface.md). ntpoptd itself uses success and failure.
#pragma once

namespace ntpopt {

enum class ExitCode : int {
    success = 0,
    failure = 1,
    usage = 2,
    not_running = 3,
    not_authorised = 4,
    nothing_usable = 5,  ///< the round found no usable set, so nothing was changed
    rolled_back = 6,     ///< applied, not verified, rolled back
    interrupted = 130,   ///< while it waited: 128 and the signal's number, by convention
};

}  // namespace ntpopt
