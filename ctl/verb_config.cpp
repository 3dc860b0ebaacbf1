// `ntpoptctl config`: the configuration in force as TOML, and where each value comes from.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/verbs.hpp"

namespace ntpopt::ctl {
namespace {

std::string value_text(const Json& value) {
    if (!value.is_object()) return printable(render_json(value), 4096);
    std::string inner;
    for (const auto& [key, part] : value.items())
        inner +=
            fmt::format("{}{} = {}", inner.empty() ? "" : ", ", printable(key, 64), printable(render_json(part), 256));
    return "{ " + inner + " }";
}

void add_line(std::string& text, const std::string& name, const Json& value, const std::string& source,
              const Output& output) {
    auto line = fmt::format("{} = {}", printable(name, 64), value_text(value));
    if (!source.empty())
        line = fmt::format("{:<39} {}", line,
                           output.paint(source == "default" ? Tone::quiet : Tone::plain, "# " + source));
    text += line + "\n";
}

std::string render(const Json& config, const Output& output) {
    const auto& values = config.contains("values") ? get_object(config, "values") : config;
    const auto& sources = get_object(config, "sources");
    std::string text;
    for (const auto& [name, value] : values.items())
        if (!value.is_object()) add_line(text, name, value, text_of(sources, name), output);
    for (const auto& [section, keys] : values.items()) {
        if (!keys.is_object()) continue;
        text += fmt::format("{}{}\n", text.empty() ? "" : "\n",
                            output.paint(Tone::heading, fmt::format("[{}]", printable(section, 64))));
        for (const auto& [key, value] : keys.items())
            add_line(text, key, value, text_of(sources, fmt::format("{}.{}", section, key)), output);
    }
    return text;
}

}  // namespace

ExitCode show_config(Session& session) {
    const auto config = session.manager.dict("GetConfig");
    if (!config) return fail(session, config.error());
    if (session.output.wants_json())
        session.output.json(*config);
    else
        session.output.text(render(*config, session.output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl
