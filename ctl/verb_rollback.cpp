// `ntpoptctl rollback`: back to the servers before the current ones. Root does not need ntpoptd for it: where that does
// not run, the applier is asked directly.
#include <fmt/format.h>
#include <unistd.h>

#include "ctl/follow.hpp"
#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/contract.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

using namespace std::chrono_literals;

Remote applier_of(Bus& bus) {
    return Remote(bus, contract::kApplierName, contract::kApplierPath, contract::kApplierInterface);
}

/// Whether the applier would listen to us: it is on this very machine, and for root only.
bool may_go_around(const Session& session) {
    return session.options.host.empty() && ::geteuid() == 0;
}

/// Whether to go around the daemon: it does not run.
bool goes_around(const Session& session, const Error& error) {
    return error.code == Errc::unavailable && may_go_around(session);
}

/// The applier keeps the configurations, so it is asked first by whoever may; the daemon passes on what it was told.
ExitCode list(Session& session) {
    auto source =
        may_go_around(session) ? applier_of(session.bus).dict("Observe") : Result<Json>(Error{Errc::unavailable, ""});
    if (!source) source = session.manager.dict("GetStatus");
    if (!source) return fail(session, source.error());
    if (!source->contains("kept"))
        return session.output.fail(Error{Errc::access_denied, "only root may see what can be gone back to"});
    const auto& kept = get_array(*source, "kept");
    if (session.output.wants_json()) {
        static const documents::Keys kKeys{{"transaction"}, {"timestamp"}, {"selected"}, {"original"}};
        session.output.json(documents::shape_list(kept, kKeys));
        return ExitCode::success;
    }
    Table table({{"NUMBER", Align::right}, {"TIME"}, {"SERVERS", Align::left, true}});
    for (const auto& one : kept)
        table.add({{number_of(one, "transaction", 0)},
                   {time_of(one, "timestamp", nullptr)},
                   {get_bool(one, "original") ? "as before ntpopt" : joined(get_array(one, "selected"), " ")}});
    session.output.text(table.is_empty() ? "There is nothing to go back to.\n" : table.render(session.output));
    return ExitCode::success;
}

bool is_final(const std::string& state) {
    return state == "committed" || state == "rolled_back" || state == "degraded";
}

/// The way back was undone itself.
ExitCode fail_unproven(Session& session, const Json& report) {
    return session.output.fail(
        "the former servers did not prove themselves, so the present ones stay: " + text_of(report, "reason"),
        ExitCode::rolled_back);
}

/// Asks the applier itself and waits until the transaction is closed.
ExitCode around_the_daemon(Session& session) {
    auto applier = applier_of(session.bus);
    const auto number =
        applier.value<std::uint64_t>("Rollback", wire::Dict(Json{{"original", session.options.original}}));
    if (!number) return session.output.fail(number.error());
    for (;;) {
        const auto report = applier.dict("GetTransaction", *number);
        const auto state = report ? get_string(*report, "state") : std::string();
        const bool over = !report || is_final(state) || interrupted();
        if (over) session.output.end_progress();
        if (!report) return session.output.fail(report.error());
        if (is_final(state)) {
            if (session.output.wants_json()) session.output.json(*report);
            if (state == "degraded")
                return session.output.fail("rolling back failed: " + text_of(*report, "reason"), ExitCode::failure);
            if (state == "rolled_back") return fail_unproven(session, *report);
            if (!session.output.wants_json())
                session.output.text(fmt::format(
                    "Rolled back: {}\n", joined(get_array(*report, "selected"), ", ", "the service's own servers")));
            return ExitCode::success;
        }
        if (over) return session.output.fail("interrupted; the roll-back goes on", ExitCode::interrupted);
        session.output.progress(state);
        if (auto waited = session.bus.wait(500ms); !waited) return session.output.fail(waited.error());
    }
}

}  // namespace

ExitCode rollback(Session& session) {
    auto& [options, output, bus, manager] = session;
    if (options.list) return list(session);
    Follower follower(bus, manager, output);
    if (auto started = follower.start(); !started) {
        if (goes_around(session, started.error())) return around_the_daemon(session);
        return fail(session, started.error());
    }
    const auto run_id = manager.value<std::uint64_t>("Rollback", wire::Dict(Json{{"original", options.original}}));
    if (!run_id) return fail(session, run_id.error());
    const auto report = follower.wait_for(*run_id);
    if (!report) return fail(session, report.error());
    if (output.wants_json()) output.json(documents::shape(*report, documents::run_report()));
    const auto outcome = get_string(*report, "outcome");
    if (outcome == "rolled_back") return fail_unproven(session, *report);
    const auto code = exit_code_of_outcome(outcome);
    if (code != ExitCode::success) return output.fail("rolling back failed: " + text_of(*report, "reason"), code);
    if (!output.wants_json())
        output.text(
            fmt::format("Rolled back to {}\nNothing is applied automatically until the next 'ntpoptctl reoptimize'.\n",
                        joined(get_array(*report, "selected"), ", ", "the service's own servers")));
    return code;
}

}  // namespace ntpopt::ctl
