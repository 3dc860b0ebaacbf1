// ntpoptctl: reads the command line, reaches the bus, and hands over to a verb. One of the four places where exceptions
// end.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <optional>

#include "ctl/bus.hpp"
#include "ctl/options.hpp"
#include "ctl/output.hpp"
#include "ctl/password_agent.hpp"
#include "ctl/verbs.hpp"
#include "dbus/contract.hpp"

namespace ntpopt::ctl {

namespace {

constexpr Duration kPatience = std::chrono::seconds(25);
/// ntpoptd lets polkit, and whoever types the password, have two minutes.
constexpr Duration kPatienceWithPassword = std::chrono::minutes(3);

bool changes_something(const Options& options) {
    switch (options.verb) {
        case Verb::reoptimize:
        case Verb::notify:
            return true;
        case Verb::rollback:
            return !options.list;
        case Verb::interval:
            return options.interval.has_value();
        case Verb::blacklist:
            return options.blacklist != BlacklistAct::list;
        default:
            return false;
    }
}

ExitCode run(int argc, const char* const* argv) {
    const auto parsed = parse_options(argc, argv);
    if (!parsed) {
        fmt::print(stderr, "ntpoptctl: {}\nSee 'ntpoptctl --help'.\n", parsed.error().detail);
        return ExitCode::usage;
    }
    if (const auto* text = std::get_if<Text>(&*parsed)) {
        fmt::print("{}", text->text);
        return ExitCode::success;
    }
    const auto& options = std::get<Options>(*parsed);
    Output output(options);
    if (options.verb == Verb::metrics) return publish_metrics(options, output);
    const bool interactive = changes_something(options) && !options.no_ask_password && ::isatty(STDIN_FILENO) == 1;
    auto bus = Bus::connect(options.host, options.timeout.value_or(interactive ? kPatienceWithPassword : kPatience));
    if (!bus) return fail_to_connect(options, output, bus.error());
    std::optional<PasswordAgent> agent;
    if (interactive) {
        (*bus)->allow_interaction();
        // root is asked for nothing, and over there it would take an agent over there.
        if (options.host.empty() && ::geteuid() != 0) agent.emplace();
    }
    Remote manager(**bus, contract::kManagerName, contract::kManagerPath, contract::kManagerInterface);
    Session session{options, output, **bus, manager};
    return run_verb(session);
}

}  // namespace
}  // namespace ntpopt::ctl

int main(int argc, char** argv) {
    try {
        return static_cast<int>(ntpopt::ctl::run(argc, argv));
    } catch (const std::exception& e) {
        fmt::print(stderr, "ntpoptctl: internal error: {}\n", e.what());
        return static_cast<int>(ntpopt::ExitCode::failure);
    }
}
