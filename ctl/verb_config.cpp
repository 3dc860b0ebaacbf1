// `ntpoptctl config`: the configuration in force as TOML, and where each value comes from.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/verbs.hpp"

namespace ntpopt::ctl {
namespace {

std::string value_text(const Json& value) {
    if (value.is_array() && !value.empty() && value.front().is_object()) {
        std::string tables;
        for (const auto& table : value)
            tables += (tables.empty() ? "" : ", ") + value_text(table);
        return '[' + tables + ']';
    }
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

/// Settings come as "section.key"; those of one section stand together, and those of none first.
std::string render(const Json& config, const Output& output) {
    std::string text;
    std::string section;
    for (const auto& [name, setting] : config.items()) {
        const auto dot = name.rfind('.');
        const auto own = dot == std::string::npos ? std::string() : name.substr(0, dot);
        if (own != section) {
            section = own;
            text += fmt::format("{}{}\n", text.empty() ? "" : "\n",
                                output.paint(Tone::heading, fmt::format("[{}]", printable(section, 64))));
        }
        const auto key = own.empty() ? name : name.substr(dot + 1);
        const auto value = setting.is_object() ? setting.value("value", Json()) : setting;
        add_line(text, key, value, text_of(setting, "origin"), output);
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
