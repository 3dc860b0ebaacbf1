// The program ntpopt-apply: root's hand, which alone changes the machine.
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "common/version.hpp"
#include "daemon/apply/applier.hpp"
#include "daemon/io/sys/journal.hpp"

int main(int argc, char** argv) {
    using namespace ntpopt;
    const auto options = parse_applier_options(argc, argv);
    if (!options) {
        std::fprintf(stderr, "ntpopt-apply: %s\n%s", options.error().detail.c_str(), applier_usage().c_str());
        return 2;
    }
    if (options->help) return std::fputs(applier_usage().c_str(), stdout) < 0 ? 1 : 0;
    if (options->version) return std::printf("ntpopt-apply %s\n", kVersion) < 0 ? 1 : 0;
    try {
        const auto policy = load_policy(*options);
        if (!policy.fault) log(Priority::error, policy.fault.error().detail);
        const bool once = options->recover || options->rollback_original;
        return once ? recover_and_exit(*options, policy.config) : serve_bus(*options, policy);
    } catch (const std::exception& e) {
        log(Priority::critical, e.what());
        return 1;
    }
}
