// The command line of ntpopt-apply.
#pragma once

#include <string>

#include "common/error.hpp"

namespace ntpopt {

inline constexpr const char* kDefaultConfig = "/etc/ntpopt/ntpopt.toml";

struct ApplierOptions {
    std::string config;     ///< empty: the default places
    std::string state_dir;  ///< $STATE_DIRECTORY, else /var/lib/ntpopt-apply
    std::string data_dir;   ///< with the catalogue of public servers
    std::string user;       ///< who besides root may call
    bool user_given = false;
    bool recover = false;            ///< close an open transaction without any bus, and end
    bool rollback_original = false;  ///< the same, then back to the service's own servers
    bool idle_exit = true;
    bool help = false;
    bool version = false;
};

/// Errc::invalid_argument says what is wrong with the command line.
[[nodiscard]] Result<ApplierOptions> parse_applier_options(int argc, char** argv);

[[nodiscard]] std::string applier_usage();

}  // namespace ntpopt
