// Implementation of options.hpp on getopt_long(3): the program that runs as root stays small.
#include "daemon/apply/options.hpp"

#include <getopt.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "common/text.hpp"
#include "common/version.hpp"

namespace ntpopt {
namespace {

enum Option : int {
    config = 256,
    state_dir,
    runtime_dir,
    data_dir,
    user,
    recover,
    rollback_original,
    no_idle_exit,
    help,
    version
};

const std::array<option, 11> kOptions{{{"config", required_argument, nullptr, Option::config},
                                       {"state-dir", required_argument, nullptr, Option::state_dir},
                                       {"runtime-dir", required_argument, nullptr, Option::runtime_dir},
                                       {"data-dir", required_argument, nullptr, Option::data_dir},
                                       {"user", required_argument, nullptr, Option::user},
                                       {"recover", no_argument, nullptr, Option::recover},
                                       {"rollback-original", no_argument, nullptr, Option::rollback_original},
                                       {"no-idle-exit", no_argument, nullptr, Option::no_idle_exit},
                                       {"help", no_argument, nullptr, Option::help},
                                       {"version", no_argument, nullptr, Option::version},
                                       {nullptr, 0, nullptr, 0}}};

std::string_view name_of_option(int letter) {
    for (const auto& known : kOptions)
        if (known.name != nullptr && known.val == letter) return known.name;
    return "";
}

std::string environment(const char* name, const char* fallback) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value != '/') return fallback;
    // The service manager may name several, separated by colons; the first is ours.
    return std::string(value).substr(0, std::string_view(value).find(':'));
}

}  // namespace

Result<ApplierOptions> parse_applier_options(int argc, char** argv) {
    ApplierOptions options;
    options.state_dir = environment("STATE_DIRECTORY", "/var/lib/ntpopt-apply");
    options.data_dir = NTPOPT_DATA_DIR;
    options.user = NTPOPT_USER;
    optind = 1;
    opterr = 0;
    while (true) {
        const int letter = getopt_long(argc, argv, ":", kOptions.data(), nullptr);
        if (letter == -1) break;
        if (optarg != nullptr && *optarg == '\0')
            return Error{Errc::invalid_argument, "an empty value: --" + std::string(name_of_option(letter))};
        switch (letter) {
            case Option::config:
                options.config = optarg;
                break;
            case Option::state_dir:
                options.state_dir = optarg;
                break;
            case Option::runtime_dir:
                // Accepted as every program of ours does; the applier keeps nothing at run time.
                break;
            case Option::data_dir:
                options.data_dir = optarg;
                break;
            case Option::user:
                options.user = optarg;
                options.user_given = true;
                break;
            case Option::recover:
                options.recover = true;
                break;
            case Option::rollback_original:
                options.rollback_original = true;
                break;
            case Option::no_idle_exit:
                options.idle_exit = false;
                break;
            case Option::help:
                options.help = true;
                break;
            case Option::version:
                options.version = true;
                break;
            default:
                return Error{Errc::invalid_argument, "unknown option or missing value: " + printable(argv[optind - 1])};
        }
    }
    if (optind < argc) return Error{Errc::invalid_argument, "unexpected argument: " + printable(argv[optind])};
    return options;
}

std::string applier_usage() {
    return "usage: ntpopt-apply [OPTION...]\n"
           "Changes the machine's NTP service on behalf of ntpoptd; started by the bus when it is needed.\n"
           "\n"
           "  --config FILE      configuration (default /etc/ntpopt/ntpopt.toml)\n"
           "  --state-dir DIR    journal (default $STATE_DIRECTORY, else /var/lib/ntpopt-apply)\n"
           "  --runtime-dir DIR  accepted, not used\n"
           "  --data-dir DIR     catalogue of public servers (default " NTPOPT_DATA_DIR
           ")\n"
           "  --user NAME        who besides root may call (default " NTPOPT_USER
           ")\n"
           "  --recover          finish or undo an interrupted change without any bus, and exit\n"
           "  --rollback-original\n"
           "                     the same, then go back to the NTP service's own servers, and exit\n"
           "  --no-idle-exit     stay when there is nothing to do\n"
           "  --help, --version\n";
}

}  // namespace ntpopt
