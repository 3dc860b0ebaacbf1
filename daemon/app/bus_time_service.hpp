// The applier behind the bus, as the engine's port time_service. Its signals are not listened to: what became of a
// transaction is asked for, so that nobody can forge it.
#pragma once

#include "daemon/io/bus/bus_call.hpp"
#include "daemon/ports/ledger.hpp"
#include "daemon/ports/time_service.hpp"
#include "dbus/wire.hpp"

namespace ntpopt {

class BusTimeService final : public TimeService {
  public:
    /// `evidence` says how far the daemon's evidence goes; the applier keeps it with each transaction.
    BusTimeService(BusPump& pump, const Ledger& evidence);

    boost::asio::awaitable<Result<ServiceObservation>> observe() override;
    boost::asio::awaitable<Result<Json>> plan(std::vector<Choice> servers) override;
    boost::asio::awaitable<Result<TransactionReport>> apply(std::vector<Choice> servers, bool by_hand,
                                                            OnState on_state) override;
    boost::asio::awaitable<Result<TransactionReport>> rollback(bool original, OnState on_state) override;
    boost::asio::awaitable<Status> can_roll_back(bool original) override;
    boost::asio::awaitable<Result<TransactionReport>> reconverge() override;
    boost::asio::awaitable<Result<TransactionReport>> transaction(std::uint64_t id) override;

  private:
    boost::asio::awaitable<Result<TransactionReport>> change(sdbus::MethodCall message, OnState on_state);
    boost::asio::awaitable<Result<TransactionReport>> follow(std::uint64_t id, OnState on_state);

    [[nodiscard]] wire::Dict with_evidence(Json options) const;

    BusObject applier_;
    const Ledger& evidence_;
};

}  // namespace ntpopt
