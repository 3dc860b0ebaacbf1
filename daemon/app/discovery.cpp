// Implementation of discovery.hpp.
#include "daemon/app/discovery.hpp"

#include <fmt/format.h>

#include "daemon/io/sys/journal.hpp"

namespace ntpopt {

Discovery::Discovery(const std::string& data_dir)
    : place_(PlacePaths{data_dir}), pool_zones_(place_), catalogue_(place_) {
    if (const auto loaded = place_.load(); !loaded)
        log(Priority::warning, fmt::format("no catalogue: {}", loaded.error().detail));
}

std::vector<Discoverer*> Discovery::discoverers() {
    return {&configured_, &current_, &pool_zones_, &catalogue_};
}

}  // namespace ntpopt
