// The verbs of ntpoptctl, one file each. Each asks the daemon, and renders text or JSON from the one value it got.
#pragma once

#include "common/exit_code.hpp"
#include "ctl/bus.hpp"
#include "ctl/options.hpp"
#include "ctl/output.hpp"

namespace ntpopt::ctl {

/// What a verb works with. `manager` may be called whether or not the daemon runs; the call then fails.
struct Session {
    const Options& options;
    Output& output;
    Bus& bus;
    Remote& manager;
};

/// Does what the options ask for.
[[nodiscard]] ExitCode run_verb(Session& session);

[[nodiscard]] ExitCode show_status(Session& session);
[[nodiscard]] ExitCode reoptimize(Session& session);
[[nodiscard]] ExitCode show_servers(Session& session);
[[nodiscard]] ExitCode explain(Session& session);
[[nodiscard]] ExitCode show_history(Session& session);
[[nodiscard]] ExitCode blacklist(Session& session);
[[nodiscard]] ExitCode interval(Session& session);
[[nodiscard]] ExitCode rollback(Session& session);
[[nodiscard]] ExitCode monitor(Session& session);
[[nodiscard]] ExitCode show_config(Session& session);
[[nodiscard]] ExitCode show_report(Session& session);
[[nodiscard]] ExitCode notify(Session& session);

/// Unlike the others it connects by itself, and only where it has to.
[[nodiscard]] ExitCode publish_metrics(const Options& options, const Output& output);

/// Tells of a failed call to the daemon; a daemon that does not run is named as such.
[[nodiscard]] ExitCode fail(const Options& options, const Output& output, const Error& error);
[[nodiscard]] inline ExitCode fail(const Session& session, const Error& error) {
    return fail(session.options, session.output, error);
}
/// The same where not even the bus was reached.
[[nodiscard]] ExitCode fail_to_connect(const Options& options, const Output& output, const Error& error);

}  // namespace ntpopt::ctl
