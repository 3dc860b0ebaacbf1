// Implementation of discovery.hpp.
#include "daemon/app/discovery.hpp"

#include <fmt/format.h>

#include "daemon/io/discover/network_manager.hpp"
#include "daemon/io/discover/own_entries.hpp"
#include "daemon/io/sys/journal.hpp"

namespace ntpopt {
namespace {

/// Of NetworkManager and systemd-timedated, which are asked for something that they know already.
constexpr Duration kCallDeadline = std::chrono::seconds(3);

PlacePaths paths_of(const std::string& data_dir, const std::string& config_file) {
    PlacePaths paths{data_dir};
    paths.catalogue_folder = own_entries_folder(config_file);
    return paths;
}

}  // namespace

Discovery::Discovery(const std::string& data_dir, const std::string& config_file, const std::string& libexec_dir,
                     BusPump& pump, NameMemory& names, Cache& cache, const Clock& clock)
    : pump_(pump),
      place_(paths_of(data_dir, config_file)),
      dhcp_(LeasePaths{}, clock, [&pump] { return ask_network_manager(&pump, kCallDeadline); }),
      domain_(names),
      pool_zones_(place_),
      catalogue_(place_),
      lists_(libexec_dir + "/ntpopt-fetch", names, cache, clock) {
    if (const auto loaded = place_.load(); !loaded)
        log(Priority::warning, fmt::format("catalogue: {}", loaded.error().detail));
}

boost::asio::awaitable<void> Discovery::learn_time_zone() {
    if (place_.has_zone()) co_return;
    auto zone = co_await ask_time_zone(&pump_, kCallDeadline);
    if (zone) place_.set_told_zone(*std::move(zone));
}

std::vector<Discoverer*> Discovery::discoverers() {
    return {&configured_, &current_, &dhcp_, &domain_, &cloud_, &pool_zones_, &catalogue_, &lists_};
}

}  // namespace ntpopt
