// `ntpoptctl monitor`: what the daemon does, one line an event, until interrupted. With --json one document a line.
#include <fmt/format.h>

#include "common/text.hpp"
#include "ctl/follow.hpp"
#include "ctl/format.hpp"
#include "ctl/report_view.hpp"
#include "ctl/verbs.hpp"

namespace ntpopt::ctl {
namespace {

using namespace std::chrono_literals;

std::string argument(const Json& arguments, std::size_t index) {
    if (index >= arguments.size()) return "";
    const auto& value = arguments[index];
    return value.is_string() ? printable(value.get<std::string>()) : printable(render_json(value));
}

std::string list_argument(const Json& arguments, std::size_t index) {
    return index < arguments.size() ? joined(arguments[index], ", ", "none") : "none";
}

std::string changes(const Json& arguments) {
    std::string text;
    if (arguments.size() > 1)
        for (const auto& [name, value] : arguments[1].items())
            text += fmt::format("{}{}={}", text.empty() ? "" : " ", printable(name, 64), printable(render_json(value)));
    return text;
}

/// An event in words.
std::string describe(const std::string& member, const Json& arguments, const Output& output) {
    if (member == "RunStarted")
        return fmt::format("round {} begins{}", argument(arguments, 0),
                           argument(arguments, 1) == "true" ? " (dry run)" : "");
    if (member == "RunProgress")
        return fmt::format("round {}: {} {}/{}", argument(arguments, 0), argument(arguments, 1), argument(arguments, 2),
                           argument(arguments, 3));
    if (member == "RunFinished") {
        const auto report = arguments.size() > 1 ? arguments[1] : Json::object();
        const auto outcome = text_of(report, "outcome");
        return fmt::format("round {} is over: {}: {}", argument(arguments, 0),
                           output.paint(tone_of_outcome(outcome), outcome), text_of(report, "reason"));
    }
    if (member == "SelectionChanged")
        return fmt::format("servers changed from {} to {}: {}", list_argument(arguments, 0),
                           list_argument(arguments, 1), argument(arguments, 2));
    if (member == "ServerBlacklisted")
        return fmt::format("{} is blacklisted: {}", argument(arguments, 0), argument(arguments, 2));
    if (member == "PropertiesChanged") return changes(arguments);
    return fmt::format("{} {}", printable(member, 64), printable(render_json(arguments)));
}

class Monitor {
  public:
    explicit Monitor(Session& session) : session_(session) {}

    ExitCode run() {
        auto watching = session_.manager.watch_owner([this](const std::string& owner) {
            tell(owner.empty() ? "ServiceGone" : "ServiceStarted", Json::array(),
                 owner.empty() ? "ntpoptd went away" : "ntpoptd is there");
            listen_to_ = owner;
        });
        if (!watching) return session_.output.fail(watching.error());
        const auto owner = session_.bus.owner_of(session_.manager.service());
        if (!owner) return session_.output.fail(owner.error());
        if (owner->empty()) return fail(session_, {Errc::unavailable, ""});
        listen_to_ = *owner;
        while (!interrupted()) {
            if (auto listening = listen(); !listening) return session_.output.fail(listening.error());
            if (auto waited = session_.bus.wait(60s); !waited) return session_.output.fail(waited.error());
        }
        return ExitCode::success;
    }

  private:
    Status listen() {
        if (listen_to_.empty()) return {};
        const auto owner = std::exchange(listen_to_, "");
        return session_.manager.listen(owner, [this](const std::string& member, const Json& arguments) {
            tell(member, arguments, describe(member, arguments, session_.output));
        });
    }

    void tell(const std::string& event, const Json& arguments, const std::string& words) {
        const auto time = present();
        if (session_.output.wants_json())
            session_.output.json({{"timestamp", render_time(time)}, {"event", event}, {"arguments", arguments}});
        else
            session_.output.line(fmt::format("{}  {}", session_.output.paint(Tone::quiet, local_time(time)), words));
    }

    Session& session_;
    std::string listen_to_;  ///< a new owner that is not listened to yet
};

}  // namespace

ExitCode monitor(Session& session) {
    return Monitor(session).run();
}

}  // namespace ntpopt::ctl
