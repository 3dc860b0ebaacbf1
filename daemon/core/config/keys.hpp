// The one table of configuration keys: it drives the parser, the list of known keys in error messages, `ntpoptctl
// config` and the test that holds parser, conf/ntpopt.toml and docs/configuration.md together.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/json.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

/// The configuration while it is being read. `config.selection.weights` is settled last, from the profile.
struct ConfigDraft {
    Config config;
    Weights custom_weights;
};

struct ConfigKey {
    std::string section;  ///< "schedule"; empty for a key of the top level
    std::string name;
    std::string type;   ///< in words, as the documentation gives it: "duration", "list of endpoints"
    std::string range;  ///< in words: "30min to 365d"; empty where any value of the type will do
    std::function<Status(const Json&, ConfigDraft&)> read;
    std::function<Json(const Config&)> show;

    /// "schedule.interval".
    [[nodiscard]] std::string path() const { return section.empty() ? name : section + '.' + name; }
};

/// Every key, in the order of the documentation.
[[nodiscard]] const std::vector<ConfigKey>& config_keys();

/// The value as it would be written in a TOML file.
[[nodiscard]] std::string render_toml(const Json& value);

}  // namespace ntpopt
