// The configuration in force: what the files say, with what was set at run time on top of it.
#pragma once

#include <optional>

#include "daemon/core/config/parse.hpp"
#include "daemon/core/evidence/facts.hpp"
#include "daemon/io/sys/config_files.hpp"

namespace ntpopt {

/// Reads the files and puts the overrides on top; all problems in one error text.
[[nodiscard]] Result<ParsedConfig> load_config(const ConfigPlaces& places, std::optional<Duration> interval_override);

/// The hashes of the files, and of all effective values; as much of it as can be read.
[[nodiscard]] ConfigurationDigest digest_of(const ConfigPlaces& places, std::optional<Duration> interval_override);

}  // namespace ntpopt
