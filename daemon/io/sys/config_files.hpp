// Finds and reads the configuration files, in the order in which they count. What is in them is parse_config()'s work;
// nothing is ever written.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/config/parse.hpp"

namespace ntpopt {

struct ConfigPlaces {
    std::string main_file = "/etc/ntpopt/ntpopt.toml";
    std::string vendor_folder = "/usr/lib/ntpopt/conf.d";  ///< empty: only the folder beside the main file
    bool main_required = false;                            ///< an absent main file is an error
    /// Where set: every file and its folder must belong to this user and be writable by nobody else (for the applier).
    std::optional<uid_t> owner;

    /// The places for `--config FILE`: that file, which has to exist, and conf.d beside it.
    [[nodiscard]] static ConfigPlaces beside(std::string main_file);
};

/// The main file, then the drop-ins `*.toml` of conf.d beside it and of the vendor's folder, sorted by base name over
/// both; one beside the main file hides its namesake of the vendor, and one that is empty or a link to /dev/null
/// silences it. At most 256 drop-ins of at most 1 MiB each.
[[nodiscard]] Result<std::vector<ConfigText>> read_config_files(const ConfigPlaces& places);

/// One drop-in: what is in it, or why it cannot be read, which names the file.
struct DropIn {
    std::string file;
    Result<std::string> text;
    friend bool operator==(const DropIn&, const DropIn&) = default;
};

/// The drop-ins `*.toml` of this one folder, sorted by name, under the same bounds and with the same meaning of
/// `owner`; none where there is no such folder.
[[nodiscard]] Result<std::vector<DropIn>> read_drop_ins(const std::string& folder, std::optional<uid_t> owner);

}  // namespace ntpopt
