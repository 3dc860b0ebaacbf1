// `ntpoptctl servers`: the servers of the last round, ranked, with why the others were not chosen.
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
    // The list has no time of its own: it is that of the round that is explained, the last one that measured.
    Json document{{"timestamp", nullptr}, {"servers", *servers}};
    const auto round = session.manager.dict("Explain", std::string());
    if (round && round->contains("timestamp")) document["timestamp"] = (*round)["timestamp"];
    session.output.json(documents::shape(document, documents::servers()));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
