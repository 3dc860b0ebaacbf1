// The administrator's own entries in the catalogue of public servers: the files catalogue.d/*.toml beside the
// configuration. Read alike by the daemon, which offers them, and by the applier, which goes by their timescales.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "daemon/core/discover/catalogue.hpp"

namespace ntpopt {

struct OwnEntries {
    Catalogue entries;  ///< of the files without a fault; those of the last file by name come first
    Status fault;       ///< of every file that has one, a line each
};

/// The folder beside this configuration file.
[[nodiscard]] std::string own_entries_folder(const std::string& config_file);

/// Nothing where there is no such folder. `owner` as for ConfigPlaces.
[[nodiscard]] OwnEntries read_own_entries(const std::string& folder, std::optional<uid_t> owner);

}  // namespace ntpopt
