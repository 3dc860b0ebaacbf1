// ntpoptctl: reads the command line, reaches the bus, and hands over to a verb. One of the four places where exceptions
// end.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "ctl/bus.hpp"
#include "ctl/options.hpp"
#include "ctl/output.hpp"
#include "ctl/verbs.hpp"
#include "dbus/contract.hpp"

namespace ntpopt::ctl {

namespace {

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
    auto bus = Bus::connect(options.host, options.timeout);
    if (!bus) return output.fail(bus.error().detail, ExitCode::not_running);
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
