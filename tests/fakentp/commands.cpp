// Implementation of commands.hpp.
#include "tests/fakentp/commands.hpp"

#include <fmt/format.h>

#include "common/text.hpp"

namespace ntpopt::fakentp {
namespace {

Result<std::string> count(const Fleet& fleet, const std::string& name) {
    const auto counters = fleet.counters(name);
    if (!counters) return counters.error();
    return fmt::format("count {} requests={} answers={} lost={} ignored={} least_spacing={}\n", name,
                       counters->requests, counters->answers, counters->lost, counters->ignored,
                       render_duration(counters->least_spacing));
}

Result<std::string> count_all(const Fleet& fleet) {
    std::string text;
    for (const auto& name : fleet.names()) {
        const auto line = count(fleet, name);
        if (!line) return line.error();
        text += *line;
    }
    return text;
}

Result<std::string> done(const Status& status) {
    if (!status) return status.error();
    return std::string("ok\n");
}

}  // namespace

std::string_view describe_commands() {
    return "  set NAME key=value ...   change a server now\n"
           "  die NAME                 close its socket: port unreachable\n"
           "  revive NAME              open it again\n"
           "  add SPEC                 one more server\n"
           "  count [NAME]             requests=N answers=N lost=N ignored=N least_spacing=DURATION, one line a "
           "server\n"
           "  quit\n";
}

Result<std::string> run_command(Fleet& fleet, std::string_view line) {
    line = trim(line);
    if (line.empty() || line.front() == '#') return std::string();
    const auto blank = line.find_first_of(" \t");
    const auto verb = line.substr(0, blank);
    const auto rest = blank == std::string_view::npos ? std::string_view() : trim(line.substr(blank));
    const auto end_of_name = rest.find_first_of(" \t");
    const std::string name(rest.substr(0, end_of_name));

    if (verb == "set")
        return done(fleet.change(name, end_of_name == std::string_view::npos ? "" : rest.substr(end_of_name)));
    if (verb == "die") return done(fleet.die(name));
    if (verb == "revive") return done(fleet.revive(name));
    if (verb == "count") return rest.empty() ? count_all(fleet) : count(fleet, name);
    if (verb == "add") {
        auto spec = parse_spec(rest);
        if (!spec) return spec.error();
        return done(fleet.add(std::move(*spec)));
    }
    return Error{Errc::invalid_argument, fmt::format("'{}' is no command", printable(verb, 40))};
}

}  // namespace ntpopt::fakentp
