// The machine's NTP service as the engine sees it: the applier, behind the bus. The real one is
// app/bus_time_service.hpp.
#pragma once

#include <functional>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "common/json.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

class TimeService {
  public:
    virtual ~TimeService() = default;

    using OnState = std::function<void(TransactionState)>;

    /// What the service does now.
    virtual boost::asio::awaitable<Result<ServiceObservation>> observe() = 0;

    /// What apply() would do with these servers: ordered steps, files with their diff, what would be verified.
    virtual boost::asio::awaitable<Result<Json>> plan(std::vector<Choice> servers) = 0;

    /// Changes the service to these servers and waits until that is committed or undone. Errc::refused names the gate.
    virtual boost::asio::awaitable<Result<TransactionReport>> apply(std::vector<Choice> servers, bool by_hand,
                                                                    OnState on_state) = 0;

    /// Back to the configuration before the current one, or to the service's own.
    virtual boost::asio::awaitable<Result<TransactionReport>> rollback(bool original, OnState on_state) = 0;

    /// Whether that would begin, and why not: Errc::not_found where there is nothing to go back to. Nothing is begun.
    virtual boost::asio::awaitable<Status> can_roll_back(bool original) = 0;

    /// Makes reality again what was committed, after the service was restarted.
    virtual boost::asio::awaitable<Result<TransactionReport>> reconverge() = 0;

    /// A transaction by its number, 0 for the last.
    virtual boost::asio::awaitable<Result<TransactionReport>> transaction(std::uint64_t id) = 0;
};

}  // namespace ntpopt
