// parse_config(): documents and overrides, through the table of keys, to one Config.
#include "daemon/core/config/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "common/text.hpp"
#include "daemon/core/config/keys.hpp"
#include "daemon/core/config/toml.hpp"

namespace ntpopt {
namespace {

constexpr std::string_view kOverride = "override";

/// Shares of the score by profile; the first row is what the project's user asked for.
Weights weights_of(Profile profile, const Weights& custom) {
    switch (profile) {
        case Profile::reliability:
            return {0.35, 0.30, 0.25, 0.10};
        case Profile::latency:
            return {0.20, 0.10, 0.10, 0.60};
        case Profile::custom:
            return custom;
    }
    return custom;
}

const ConfigKey* find_key(std::string_view section, std::string_view name) {
    for (const auto& key : config_keys())
        if (key.section == section && key.name == name) return &key;
    return nullptr;
}

std::vector<std::string> sections() {
    std::vector<std::string> out;
    for (const auto& key : config_keys())
        if (!key.section.empty() && (out.empty() || out.back() != key.section)) out.push_back(key.section);
    return out;
}

bool is_section(std::string_view name) {
    const auto known = sections();
    return std::find(known.begin(), known.end(), name) != known.end();
}

std::string enumerate(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

/// "did you mean X?" for a key that does not exist: by spelling in its section, then in any section.
std::string advice(const std::string& section, std::string_view name) {
    std::vector<std::string> here;
    std::vector<std::string> names;
    for (const auto& key : config_keys()) {
        if (key.section == section) here.push_back(key.name);
        names.push_back(key.name);
    }
    for (const auto& known : sections())
        if (!section.empty() && known.starts_with(section + '.')) here.push_back(known.substr(section.size() + 1));
    if (const auto close = nearest(name, here); !close.empty())
        return fmt::format("did you mean {}?", section.empty() ? close : section + '.' + close);
    for (const auto& key : config_keys())
        if (key.name == name) return fmt::format("did you mean {}?", key.path());
    if (const auto close = nearest(name, names); !close.empty())
        for (const auto& key : config_keys())
            if (key.name == close) return fmt::format("did you mean {}?", key.path());
    if (here.empty()) return fmt::format("known sections: {}", enumerate(sections()));
    if (section.empty()) return fmt::format("known here: {}; sections: {}", enumerate(here), enumerate(sections()));
    return fmt::format("known in [{}]: {}", section, enumerate(here));
}

class Reader {
  public:
    void read_document(const ConfigText& document) {
        const auto first = problems_.size();
        read_tables(document);
        // The library hands keys out by name; people read files from the top.
        std::stable_sort(problems_.begin() + static_cast<std::ptrdiff_t>(first), problems_.end(),
                         [](const auto& a, const auto& b) { return a.line < b.line; });
    }

    void read_override(const ConfigOverride& value) {
        const auto dot = value.key.rfind('.');
        const auto section = dot == std::string::npos ? "" : value.key.substr(0, dot);
        read_value({std::string(kOverride), 0}, section, value.key.substr(dot == std::string::npos ? 0 : dot + 1),
                   value.value);
    }

    ParsedConfig finish() {
        auto& config = draft_.config;
        config.selection.weights = weights_of(config.selection.profile, draft_.custom_weights);
        if (config.selection.min_stratum > config.selection.max_stratum) {
            const auto place = places_.contains("selection.min_stratum") ? places_["selection.min_stratum"]
                                                                         : places_["selection.max_stratum"];
            report({place.file, place.line, "selection.min_stratum",
                    fmt::format("{} is more than selection.max_stratum, which is {}", config.selection.min_stratum,
                                config.selection.max_stratum)});
        }
        check_notify(config.notify);
        ParsedConfig out;
        for (const auto& key : config_keys()) {
            std::string origin = "default";
            if (const auto place = places_.find(key.path()); place != places_.end()) origin = place->second.text();
            if (key.path() == "selection.weights" && config.selection.profile != Profile::custom)
                origin = places_.contains("selection.profile") ? places_["selection.profile"].text() : "default";
            out.settings.push_back({key.path(), key.show(config), std::move(origin)});
        }
        out.config = std::move(config);
        out.problems = std::move(problems_);
        return out;
    }

  private:
    struct Place {
        std::string file;
        int line = 0;
        [[nodiscard]] std::string text() const { return line == 0 ? file : fmt::format("{}:{}", file, line); }
    };

    /// What a way to tell somebody needs beside itself.
    void check_notify(const NotifyConfig& notify) {
        const auto complain = [this](const std::string& key, std::string what) {
            const auto found = places_.find(key);
            const auto place = found == places_.end() ? Place{} : found->second;
            report({place.file, place.line, key, std::move(what)});
        };
        const auto& email = notify.email;
        if (!email.server.empty() && (email.from.empty() || email.to.empty()))
            complain("notify.email.server", "mail needs notify.email.from and notify.email.to as well");
        if (email.server.empty() && (!email.from.empty() || !email.to.empty()))
            complain("notify.email.to", "no mail goes without notify.email.server");
        if (email.username.empty() != email.password_file.empty())
            complain("notify.email.username", "username and password_file go together");
        if (!email.username.empty() && email.security == MailSecurity::none)
            complain("notify.email.security",
                     "a password is not sent without TLS: \"starttls\" or \"tls\", or no username");
        if (!notify.command.empty() && !notify.command.front().starts_with('/'))
            complain("notify.command.argv", "the program must be an absolute path: nothing is searched");
    }

    void read_tables(const ConfigText& document) {
        const auto parsed = parse_toml(document.text);
        if (!parsed) {
            report({document.file, parsed.error().line, "", parsed.error().what});
            return;
        }
        const auto line = [&](std::string_view path) { return parsed->line_of(path); };
        for (const auto& [name, value] : parsed->root.items()) {
            const auto path = '/' + name;
            if (!is_section(name)) {
                if (!value.is_object() || find_key("", name))
                    read_value({document.file, line(path)}, "", name, value);
                else
                    unknown_section({document.file, line(path)}, name);
                continue;
            }
            if (!value.is_object()) {
                report({document.file, line(path), name,
                        fmt::format("is a section: write [{}] and its keys below", name)});
                continue;
            }
            read_section(document.file, name, path, value, line);
        }
    }

    /// The keys of a section, and of the sections below it: [notify.email] is below [notify].
    template <typename LineOf>
    void read_section(const std::string& file, const std::string& name, const std::string& path, const Json& section,
                      const LineOf& line) {
        for (const auto& [key, below] : section.items()) {
            const auto place = path + '/' + key;
            const auto inner = name + '.' + key;
            if (!is_section(inner))
                read_value({file, line(place)}, name, key, below);
            else if (below.is_object())
                read_section(file, inner, place, below, line);
            else
                report({file, line(place), inner, fmt::format("is a section: write [{}] and its keys below", inner)});
        }
    }

    void read_value(const Place& place, const std::string& section, const std::string& name, const Json& value) {
        const auto path = section.empty() ? name : section + '.' + name;
        const auto* key = find_key(section, name);
        if (!key) {
            report({place.file, place.line, printable(path, 80), "unknown key; " + advice(section, name)});
            return;
        }
        if (auto status = key->read(value, draft_); !status) {
            report({place.file, place.line, path, status.error().detail});
            return;
        }
        places_[path] = place;
    }

    void unknown_section(const Place& place, const std::string& name) {
        const auto close = nearest(name, sections());
        report({place.file, place.line, printable(name, 80),
                close.empty() ? fmt::format("unknown section; known are {}", enumerate(sections()))
                              : fmt::format("unknown section; did you mean [{}]?", close)});
    }

    void report(ConfigProblem problem) {
        if (problems_.size() < kMaxConfigProblems) problems_.push_back(std::move(problem));
    }

    ConfigDraft draft_;
    std::map<std::string, Place> places_;
    std::vector<ConfigProblem> problems_;
};

}  // namespace

std::string without_secrets(const std::string& url) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) return url;
    auto rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("?#"));
    const auto host_end = std::min(rest.find('/'), rest.size());
    if (const auto at = rest.rfind('@', host_end); at != std::string::npos && at < host_end) rest = rest.substr(at + 1);
    return url.substr(0, scheme + 3) + rest;
}

std::string ConfigProblem::text() const {
    std::string out = file;
    if (line != 0) out += fmt::format(":{}", line);
    if (!out.empty()) out += ": ";
    if (!key.empty()) out += key + ": ";
    return out + what;
}

ParsedConfig parse_config(const std::vector<ConfigText>& documents, const std::vector<ConfigOverride>& overrides) {
    Reader reader;
    for (const auto& document : documents)
        reader.read_document(document);
    for (const auto& value : overrides)
        reader.read_override(value);
    return reader.finish();
}

std::string render_problems(const std::vector<ConfigProblem>& problems) {
    std::string out;
    for (const auto& problem : problems)
        out += problem.text() + '\n';
    return out;
}

Json render_config(const std::vector<ConfigSetting>& settings) {
    auto out = Json::object();
    for (const auto& setting : settings) {
        auto value = setting.value;
        if (setting.key == "discovery.lists")
            for (auto& url : value)
                url = without_secrets(url.get<std::string>());
        auto entry = Json::object();
        entry["value"] = std::move(value);
        entry["origin"] = setting.origin;
        out[setting.key] = std::move(entry);
    }
    return out;
}

}  // namespace ntpopt
