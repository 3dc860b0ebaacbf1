// The configuration in force: the files as they were when they were read, with what was set at run time on top of them.
#pragma once

#include <optional>
#include <vector>

#include "daemon/core/config/parse.hpp"
#include "daemon/core/evidence/facts.hpp"
#include "daemon/io/sys/config_files.hpp"

namespace ntpopt {

struct LoadedConfig {
    std::vector<ConfigText> files;
    Config config;  ///< as the files say; what was set at run time is the optimizer's
};

/// Reads the files; all problems in one error text.
[[nodiscard]] Result<LoadedConfig> load_config(const ConfigPlaces& places);

/// Each setting that files in force and the override make, and where it comes from, as render_config() has it.
[[nodiscard]] Json effective_settings(const std::vector<ConfigText>& files, std::optional<Duration> interval_override);

/// The hashes of the files in force, and of all effective settings.
[[nodiscard]] ConfigurationDigest digest_of(const std::vector<ConfigText>& files,
                                            std::optional<Duration> interval_override);

}  // namespace ntpopt
