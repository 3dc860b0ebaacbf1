// `ntpoptctl notify test`: has a test delivered by the channels of [notify], and shows what came of each.
#include <fmt/format.h>

#include <algorithm>

#include "ctl/format.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

/// Delivered, but not to all of the recipients.
bool is_in_part(const Json& row) {
    return get_bool(row, "ok") && !get_string(row, "detail").empty();
}

}  // namespace

ExitCode notify(Session& session) {
    const auto results = session.manager.rows("TestNotice", session.options.channel);
    if (!results) return fail(session, results.error());
    const auto document = documents::shape_list(*results, documents::notice_test());
    if (session.output.wants_json()) {
        session.output.json(document);
    } else {
        Table table({{"CHANNEL"}, {"RESULT"}, {"WHY", Align::left, true, 0, true}});
        for (const auto& row : document) {
            const bool ok = get_bool(row, "ok");
            const bool in_part = is_in_part(row);
            table.add({{text_of(row, "channel")},
                       {in_part ? "in part"
                        : ok    ? "delivered"
                                : "failed",
                        in_part ? Tone::caution
                        : ok    ? Tone::good
                                : Tone::bad},
                       {text_of(row, "detail")}});
        }
        session.output.text(table.render(session.output));
    }
    const bool good = std::all_of(document.begin(), document.end(),
                                  [](const Json& row) { return get_bool(row, "ok") && !is_in_part(row); });
    return good ? ExitCode::success : ExitCode::failure;
}

}  // namespace ntpopt::ctl
