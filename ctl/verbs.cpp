// From the command line to the verb, and the ways in which verbs tell that the daemon could not be asked.
#include "ctl/verbs.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "ctl/follow.hpp"

namespace ntpopt::ctl {

ExitCode fail(const Options& options, const Output& output, const Error& error) {
    if (interrupted()) return output.fail(error.detail, ExitCode::interrupted);
    if (error.code != Errc::unavailable) return output.fail(error);
    const auto where = options.host.empty() ? std::string() : " on " + options.host;
    const auto went = error.detail.starts_with("ntpoptd") ? error.detail : fmt::format("ntpoptd does not run{}", where);
    const auto code = output.fail(went, ExitCode::not_running);
    fmt::print(stderr,
               "Start it with 'systemctl start ntpoptd', and see 'journalctl -u ntpoptd' for why it does not run.\n");
    return code;
}

ExitCode fail_to_connect(const Options& options, const Output& output, const Error& error) {
    const auto code = output.fail(error.detail, ExitCode::not_running);
    if (options.host.empty())
        fmt::print(stderr, "Does the system bus run ('systemctl status dbus')?\n");
    else
        fmt::print(stderr, "It takes ssh to log in there without a question, and systemd-stdio-bridge there.\n");
    return code;
}

ExitCode run_verb(Session& session) {
    switch (session.options.verb) {
        case Verb::status:
            return show_status(session);
        case Verb::reoptimize:
            return reoptimize(session);
        case Verb::servers:
            return show_servers(session);
        case Verb::explain:
            return explain(session);
        case Verb::history:
            return show_history(session);
        case Verb::blacklist:
            return blacklist(session);
        case Verb::interval:
            return interval(session);
        case Verb::rollback:
            return rollback(session);
        case Verb::monitor:
            return monitor(session);
        case Verb::config:
            return show_config(session);
        case Verb::report:
            return show_report(session);
        case Verb::metrics:
            return publish_metrics(session.options, session.output);
        case Verb::notify:
            return notify(session);
    }
    return ExitCode::usage;
}

}  // namespace ntpopt::ctl
