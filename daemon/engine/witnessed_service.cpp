// Implementation of witnessed_service.hpp.
#include "daemon/engine/witnessed_service.hpp"

#include "daemon/core/select/choices.hpp"

namespace ntpopt {
namespace asio = boost::asio;

asio::awaitable<Result<ServiceObservation>> WitnessedService::observe() {
    return service_.observe();
}

asio::awaitable<Result<Json>> WitnessedService::plan(std::vector<Choice> servers) {
    return service_.plan(std::move(servers));
}

asio::awaitable<Status> WitnessedService::can_roll_back(bool original) {
    return service_.can_roll_back(original);
}

asio::awaitable<Result<TransactionReport>> WitnessedService::transaction(std::uint64_t id) {
    return service_.transaction(id);
}

void WitnessedService::note(std::string_view kind, const Result<TransactionReport>& ended) {
    if (ended)
        witness_.changed(*ended);
    else
        witness_.failed(kind, ended.error());
}

asio::awaitable<Result<TransactionReport>> WitnessedService::apply(std::vector<Choice> servers, bool by_hand,
                                                                   OnState on_state) {
    witness_.requested("apply", Json{{"servers", names_of(servers)}, {"by_hand", by_hand}});
    auto ended = co_await service_.apply(std::move(servers), by_hand, std::move(on_state));
    note("apply", ended);
    co_return ended;
}

asio::awaitable<Result<TransactionReport>> WitnessedService::rollback(bool original, OnState on_state) {
    witness_.requested("rollback", Json{{"original", original}});
    auto ended = co_await service_.rollback(original, std::move(on_state));
    note("rollback", ended);
    co_return ended;
}

asio::awaitable<Result<TransactionReport>> WitnessedService::reconverge() {
    witness_.requested("reconverge", Json::object());
    auto ended = co_await service_.reconverge();
    note("reconverge", ended);
    co_return ended;
}

}  // namespace ntpopt
