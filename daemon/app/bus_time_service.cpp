// Implementation of bus_time_service.hpp: calls with deadlines, answers parsed as a stranger's.
#include "daemon/app/bus_time_service.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dbus/contract.hpp"
#include "dbus/wire.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kCallDeadline = std::chrono::seconds(30);
constexpr Duration kPollEvery = std::chrono::milliseconds(200);
/// An applier that died is started again by the bus and recovers; one that is silent for longer nobody waits for.
constexpr Duration kLongestSilence = std::chrono::minutes(5);

wire::Rows rows_of(const std::vector<Choice>& servers) {
    wire::Rows rows;
    for (const auto& server : servers)
        rows.value.push_back(to_json(server));
    return rows;
}

}  // namespace

BusTimeService::BusTimeService(BusPump& pump, const Ledger& evidence)
    : applier_(pump, contract::kApplierName, contract::kApplierPath), evidence_(evidence) {}

wire::Dict BusTimeService::with_evidence(Json options) const {
    if (const auto mark = evidence_.mark(); mark.seq != 0) put_evidence(options, mark);
    return wire::Dict(std::move(options));
}

asio::awaitable<Result<ServiceObservation>> BusTimeService::observe() {
    auto message = applier_.message(contract::kApplierInterface, "Observe");
    auto answer = co_await applier_.call_for<wire::Dict>(std::move(message), kCallDeadline);
    if (!answer) co_return answer.error().in("ntpopt-apply");
    co_return parse_observation(answer->value);
}

asio::awaitable<Result<Json>> BusTimeService::plan(std::vector<Choice> servers) {
    auto message = applier_.message(contract::kApplierInterface, "Plan", rows_of(servers), wire::Dict());
    auto answer = co_await applier_.call_for<wire::Dict>(std::move(message), kCallDeadline);
    if (!answer) co_return answer.error();
    co_return std::move(answer->value);
}

/// From the call that asks for it to its end. An applier that ended before it said the change's number may have begun
/// it: the next one closes what it left, so somebody calls it.
asio::awaitable<Result<TransactionReport>> BusTimeService::change(sdbus::MethodCall message, OnState on_state) {
    const auto id = co_await applier_.call_for<std::uint64_t>(std::move(message), kCallDeadline);
    if (id) co_return co_await follow(*id, std::move(on_state));
    if (id.error().code == Errc::unavailable || id.error().code == Errc::timeout) (void)co_await observe();
    co_return id.error();
}

asio::awaitable<Result<TransactionReport>> BusTimeService::apply(std::vector<Choice> servers, bool by_hand,
                                                                 OnState on_state) {
    const auto options = with_evidence(Json{{"by_hand", by_hand}});
    auto message = applier_.message(contract::kApplierInterface, "Apply", rows_of(servers), options);
    co_return co_await change(std::move(message), std::move(on_state));
}

asio::awaitable<Result<TransactionReport>> BusTimeService::rollback(bool original, OnState on_state) {
    const auto options = with_evidence(Json{{"original", original}});
    auto message = applier_.message(contract::kApplierInterface, "Rollback", options);
    co_return co_await change(std::move(message), std::move(on_state));
}

asio::awaitable<Status> BusTimeService::can_roll_back(bool original) {
    const wire::Dict options(Json{{"original", original}, {"dry_run", true}});
    auto message = applier_.message(contract::kApplierInterface, "Rollback", options);
    const auto answer = co_await applier_.call_for<std::uint64_t>(std::move(message), kCallDeadline);
    co_return answer ? Status() : Status(answer.error());
}

asio::awaitable<Result<TransactionReport>> BusTimeService::reconverge() {
    const auto options = with_evidence(Json::object());
    auto message = applier_.message(contract::kApplierInterface, "Reconverge", options);
    OnState nobody_listens = [](TransactionState) {};
    co_return co_await change(std::move(message), std::move(nobody_listens));
}

asio::awaitable<Result<TransactionReport>> BusTimeService::transaction(std::uint64_t id) {
    auto message = applier_.message(contract::kApplierInterface, "GetTransaction", id);
    auto answer = co_await applier_.call_for<wire::Dict>(std::move(message), kCallDeadline);
    if (!answer) co_return answer.error();
    co_return parse_transaction(answer->value);
}

/// Asks again and again until the transaction has ended, through a restart of the applier if need be. How long new
/// servers may take to prove themselves is the applier's to know.
asio::awaitable<Result<TransactionReport>> BusTimeService::follow(std::uint64_t id, OnState on_state) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    auto heard = asio::steady_timer::clock_type::now();
    std::optional<TransactionState> told;
    for (;;) {
        auto report = co_await transaction(id);
        if (report && told != report->state) {
            told = report->state;
            on_state(report->state);
        }
        if (report && is_final(report->state)) co_return report;
        if (!report && report.error().code == Errc::not_found) co_return report;
        const auto now = asio::steady_timer::clock_type::now();
        if (report) heard = now;
        if (now - heard >= kLongestSilence)
            co_return Error{Errc::timeout, "the applier does not say how the change ended: " + report.error().detail};
        timer.expires_after(kPollEvery);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace ntpopt
