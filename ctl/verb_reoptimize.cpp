// `ntpoptctl reoptimize`: runs a round now and follows it to its end.
#include <fmt/format.h>

#include "ctl/follow.hpp"
#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

std::string failure_of(const Json& report) {
    const auto outcome = text_of(report, "outcome");
    const auto reason = text_of(report, "reason");
    std::string what = "the round failed";
    if (outcome == "no_consensus")
        what = "the servers do not agree on the time, so nothing was changed";
    else if (outcome == "no_usable_servers")
        what = "no usable servers were found, so nothing was changed";
    else if (outcome == "rolled_back")
        what = "the new servers did not prove themselves and were rolled back";
    else if (outcome == "refused")
        what = "the change was refused";
    else if (outcome == "degraded")
        what = "the new servers did not prove themselves, and rolling back failed";
    return reason.empty() ? what : what + ": " + reason;
}

}  // namespace

ExitCode reoptimize(Session& session) {
    auto& [options, output, bus, manager] = session;
    Follower follower(bus, manager, output);
    if (auto started = follower.start(); !started) return fail(session, started.error());
    const auto run_id = manager.value<std::uint64_t>("Reoptimize", wire::Dict(Json{{"dry_run", options.dry_run}}));
    if (!run_id) return fail(session, run_id.error());
    if (options.no_wait) {
        if (output.wants_json())
            output.json({{"run_id", *run_id}, {"dry_run", options.dry_run}});
        else
            output.text(fmt::format("Round {} has begun; 'ntpoptctl monitor' follows it.\n", *run_id));
        return ExitCode::success;
    }
    const auto report = follower.wait_for(*run_id);
    if (!report) return fail(session, report.error());
    if (output.wants_json())
        output.json(documents::shape(*report, documents::run_report()));
    else
        output.text(render_report(*report, output));
    const auto code = exit_code_of_outcome(get_string(*report, "outcome"));
    return code == ExitCode::success ? code : output.fail(failure_of(*report), code);
}

}  // namespace ntpopt::ctl
