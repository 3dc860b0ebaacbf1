// `ntpoptctl blacklist`: servers to leave out; shows, adds and removes.
#include <fmt/format.h>

#include "ctl/format.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

std::string render(const Json& document, const Output& output) {
    Table table(
        {{"SERVER", Align::left, true}, {"UNTIL"}, {"BY", Align::left, false, 1}, {"REASON", Align::left, true}});
    for (const auto& entry : document) {
        const auto until = time_of(entry, "until", nullptr);
        table.add({{text_of(entry, "server")},
                   {until.empty() ? "for good" : until, Tone::plain, brief_time_of(entry, "until")},
                   {get_bool(entry, "by_hand") ? "hand" : "ntpoptd"},
                   {text_of(entry, "reason")}});
    }
    return table.is_empty() ? "No server is blacklisted.\n" : table.render(output);
}

}  // namespace

ExitCode blacklist(Session& session) {
    const auto& options = session.options;
    Status done;
    if (options.blacklist == BlacklistAct::add) {
        const auto time = options.ban_time.value_or(Duration::zero()) / std::chrono::microseconds(1);
        done = session.manager.call("Blacklist", options.server, static_cast<std::uint64_t>(time));
    } else if (options.blacklist == BlacklistAct::remove) {
        done = session.manager.call("Unblacklist", options.server);
    }
    if (!done) return fail(session, done.error());
    if (options.blacklist != BlacklistAct::list && !session.output.wants_json()) return ExitCode::success;
    const auto entries = session.manager.rows("ListBlacklist");
    if (!entries) return fail(session, entries.error());
    const auto document = documents::shape_list(*entries, documents::blacklist_entry());
    if (session.output.wants_json())
        session.output.json(document);
    else
        session.output.text(render(document, session.output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
