// The port to the applier with a witness beside it: what is asked is written down before it is asked, so that the
// applier is told of an evidence that holds it, and how it ended afterwards.
#pragma once

#include "daemon/engine/witness.hpp"
#include "daemon/ports/time_service.hpp"

namespace ntpopt {

class WitnessedService final : public TimeService {
  public:
    WitnessedService(TimeService& service, Witness& witness) : service_(service), witness_(witness) {}

    boost::asio::awaitable<Result<ServiceObservation>> observe() override;
    boost::asio::awaitable<Result<Json>> plan(std::vector<Choice> servers) override;
    boost::asio::awaitable<Result<TransactionReport>> apply(std::vector<Choice> servers, bool by_hand,
                                                            OnState on_state) override;
    boost::asio::awaitable<Result<TransactionReport>> rollback(bool original, OnState on_state) override;
    boost::asio::awaitable<Status> can_roll_back(bool original) override;
    boost::asio::awaitable<Result<TransactionReport>> reconverge() override;
    boost::asio::awaitable<Result<TransactionReport>> transaction(std::uint64_t id) override;

  private:
    void note(std::string_view kind, const Result<TransactionReport>& ended);

    TimeService& service_;
    Witness& witness_;
};

}  // namespace ntpopt
