// From configuration texts to values, with every mistake found at once and the origin of every value kept. Which files
// there are is daemon/io/sys/config_files.hpp's business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/json.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

/// One document, named as problems and origins should name it.
struct ConfigText {
    std::string file;
    std::string text;
    friend bool operator==(const ConfigText&, const ConfigText&) = default;
};

/// One mistake. Printed as "FILE:LINE: KEY: WHAT", without the parts that are not known.
struct ConfigProblem {
    std::string file;
    int line = 0;     ///< from 1; 0 where it belongs to no line
    std::string key;  ///< "schedule.interval"; empty for a syntax error
    std::string what;

    [[nodiscard]] std::string text() const;
    friend bool operator==(const ConfigProblem&, const ConfigProblem&) = default;
};

/// The effective value of one key, in its text form, and where it comes from: "FILE:LINE", "default" or "override".
struct ConfigSetting {
    std::string key;
    Json value;
    std::string origin;
};

/// A value set at run time, "schedule.interval" = "6h", written as in a file.
struct ConfigOverride {
    std::string key;
    Json value;
};

struct ParsedConfig {
    Config config;                        ///< where there are problems, what could be read, the rest as by default
    std::vector<ConfigSetting> settings;  ///< one a key, in the order of the documentation
    std::vector<ConfigProblem> problems;  ///< in the order of the documents; at most kMaxConfigProblems

    [[nodiscard]] bool ok() const { return problems.empty(); }
};

inline constexpr std::size_t kMaxConfigProblems = 100;

/// Reads the documents in order: a later one wins key by key, arrays replace arrays, overrides win over all. Any text
/// may come in. A problem in an override has the file "override".
[[nodiscard]] ParsedConfig parse_config(const std::vector<ConfigText>& documents,
                                        const std::vector<ConfigOverride>& overrides = {});

/// All problems, one a line, as --check-config and the journal show them.
[[nodiscard]] std::string render_problems(const std::vector<ConfigProblem>& problems);

/// {"schedule.interval": {"value": "6h", "origin": "default"}, ...}; user info and queries of URLs are left out.
[[nodiscard]] Json render_config(const std::vector<ConfigSetting>& settings);

/// "https://user:secret@host/path?token" without what may be secret in it, to be shown.
[[nodiscard]] std::string without_secrets(const std::string& url);

}  // namespace ntpopt
