// A source of candidates. Each may fail alone; a failure is a line in the round's report.
#pragma once

#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

class Discoverer {
  public:
    virtual ~Discoverer() = default;

    /// For the report: "configuration", "current", "pool_zones", "catalogue".
    [[nodiscard]] virtual std::string_view name() const = 0;

    /// The candidates that this source knows now. `service` is what the applier saw at the start of the round.
    virtual boost::asio::awaitable<Result<std::vector<Candidate>>> discover(Config config,
                                                                            ServiceObservation service) = 0;
};

}  // namespace ntpopt
