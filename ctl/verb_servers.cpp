// `ntpoptctl servers`: the servers of the last round, ranked, with why the others were not chosen.
#include "common/time_text.hpp"
#include "ctl/server_table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {

ExitCode show_servers(Session& session) {
    const auto servers = session.manager.rows("ListServers");
    if (!servers) return fail(session, servers.error());
    if (!session.output.wants_json()) {
        session.output.text(render_servers(*servers, session.options.all, session.output));
        return ExitCode::success;
    }
    // The list has no time of its own: it is the last round's.
    Json document{{"timestamp", nullptr}, {"servers", *servers}};
    const auto last = session.manager.property("LastRunUSec");
    if (last && last->is_number_unsigned() && *last != 0U)
        document["timestamp"] = render_time(from_usec(last->get<std::uint64_t>()));
    session.output.json(documents::shape(document, documents::servers()));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
