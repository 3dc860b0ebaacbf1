// `ntpoptctl interval`: shows or sets the time between rounds.
#include <fmt/format.h>

#include "ctl/verbs.hpp"

namespace ntpopt::ctl {

ExitCode interval(Session& session) {
    if (const auto& wanted = session.options.interval) {
        const auto usec = static_cast<std::uint64_t>(*wanted / std::chrono::microseconds(1));
        if (auto set = session.manager.call("SetInterval", usec); !set) return fail(session, set.error());
    }
    const auto usec = session.manager.property("IntervalUSec");
    if (!usec) return fail(session, usec.error());
    if (!usec->is_number_integer()) return fail(session, {Errc::parse, "the interval is no number"});
    const Duration now = std::chrono::microseconds(usec->get<std::int64_t>());
    if (!session.output.wants_json()) {
        session.output.text(render_duration(now) + "\n");
        return ExitCode::success;
    }
    const auto whole = now % std::chrono::seconds(1) == Duration::zero();
    session.output.json({{"interval_s", whole ? Json(now / std::chrono::seconds(1)) : Json(to_seconds(now))}});
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
