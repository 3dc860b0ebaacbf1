// Implementation of discovery.hpp.
#include "daemon/app/discovery.hpp"

#include <fmt/format.h>

#include "daemon/io/discover/network_manager.hpp"
#include "daemon/io/sys/journal.hpp"

namespace ntpopt {

Discovery::Discovery(const std::string& data_dir, BusPump& pump, NameMemory& names, const Clock& clock)
    : pump_(pump),
      place_(PlacePaths{data_dir}),
      dhcp_(LeasePaths{}, clock, [&pump] { return ask_network_manager(&pump); }),
      domain_(names),
      pool_zones_(place_),
      catalogue_(place_) {
    if (const auto loaded = place_.load(); !loaded)
        log(Priority::warning, fmt::format("no catalogue: {}", loaded.error().detail));
}

boost::asio::awaitable<void> Discovery::learn_time_zone() {
    if (place_.has_zone()) co_return;
    auto zone = co_await ask_time_zone(&pump_);
    if (zone) place_.set_told_zone(*std::move(zone));
}

std::vector<Discoverer*> Discovery::discoverers() {
    return {&configured_, &current_, &dhcp_, &domain_, &cloud_, &pool_zones_, &catalogue_};
}

}  // namespace ntpopt
