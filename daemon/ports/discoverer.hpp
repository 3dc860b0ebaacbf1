// A source of candidates. Each may fail alone; a failure is a line in the round's report.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// What a source of candidates found.
struct Discovered {
    Discovered() = default;
    Discovered(std::vector<Candidate> found, std::vector<std::string> said = {})  // NOLINT: most have nothing to say
        : candidates(std::move(found)), notes(std::move(said)) {}
    std::vector<Candidate> candidates;
    std::vector<std::string> notes;  ///< what failed in part, or people should know, for the report
};

class Discoverer {
  public:
    virtual ~Discoverer() = default;

    /// For the report: "configuration", "current", "dhcp", "srv", "cloud", "pool_zones", "catalogue", "lists".
    [[nodiscard]] virtual std::string_view name() const = 0;

    /// The candidates that this source knows now. `service` is what the applier saw at the start of the round.
    /// Whatever it waits for, it obeys a cancellation.
    virtual boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) = 0;
};

}  // namespace ntpopt
