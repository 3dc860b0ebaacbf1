// Decides when rounds run, and remembers. One round at a time: a second request joins the one that runs. Watches the
// NTP service between rounds, damped by core/schedule so that no storm of probes results. Everything here runs on one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "common/json.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/metrics/metrics.hpp"
#include "daemon/core/schedule/schedule.hpp"
#include "daemon/core/select/state.hpp"
#include "daemon/engine/memory.hpp"
#include "daemon/engine/round.hpp"
#include "daemon/engine/state.hpp"
#include "daemon/ports/alarm.hpp"

namespace ntpopt {

/// What the outside hears. Called on the loop; must not call back into the optimizer.
class OptimizerListener {
  public:
    virtual ~OptimizerListener() = default;
    virtual void state_changed() = 0;
    virtual void service_observed(const ServiceObservation& service) = 0;
    virtual void run_started(std::uint64_t run_id, bool dry_run, std::string_view trigger) = 0;
    virtual void run_progress(std::uint64_t run_id, Stage stage, std::size_t done, std::size_t total) = 0;
    virtual void run_finished(std::uint64_t run_id, const Json& report) = 0;
    virtual void selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                   std::string_view reason) = 0;
    virtual void server_blacklisted(std::string_view server, std::uint64_t until_usec, std::string_view reason) = 0;
    virtual void trouble(std::string_view what) = 0;
    /// Between rounds what was committed could not be made true again.
    virtual void reconverge_failed(const TransactionReport& report) = 0;
};

class Optimizer {
  public:
    Optimizer(boost::asio::any_io_executor executor, RoundPorts ports, Alarm& alarm, Store& store,
              OptimizerListener& listener, Config config, std::uint64_t machine_hash);

    /// Lives until stop(): settles what an earlier life left open, then runs rounds as they fall due.
    boost::asio::awaitable<void> run();

    /// Ends run(): a round that has not begun to change anything is abandoned; a change that runs is left to the
    /// applier.
    void stop();

    /// Starts a round, or joins the one that runs; Errc::busy where that one has other options.
    [[nodiscard]] Result<std::uint64_t> reoptimize(bool dry_run);
    /// Starts a roll-back to the previous configuration, or to the service's own.
    [[nodiscard]] Result<std::uint64_t> rollback(bool original);
    /// What the applier says to that: Errc::not_found where there is nothing to go back to.
    boost::asio::awaitable<Status> can_roll_back(bool original) { return ports_.time_service.can_roll_back(original); }

    /// Something happened that may call for a round; when one runs is the schedule's decision.
    void trigger(Trigger trigger);
    /// Looks at the NTP service soon: it may have been restarted.
    void check_service_soon();

    [[nodiscard]] const EngineState& state() const { return state_; }
    [[nodiscard]] const Config& config() const { return config_; }
    /// The document of a run: 0 is the last. Errc::not_found where it is not remembered.
    [[nodiscard]] Result<Json> report(std::uint64_t run_id) const;
    /// An observation of the service that is at most `max_age` old, from the applier where ours is older.
    boost::asio::awaitable<Result<ServiceObservation>> observation(Duration max_age);
    [[nodiscard]] const ServiceObservation& last_observation() const { return service_; }
    [[nodiscard]] Duration observation_age() const { return ports_.clock.since_boot() - observed_at_; }
    /// Whether the NTP service was looked at since the process began.
    [[nodiscard]] bool has_observed() const { return observed_at_ != Duration::zero(); }

    /// What was counted since the process began.
    [[nodiscard]] const Metrics& metrics() const { return metrics_; }
    /// The document of the last run, null before the first; of one with very many servers without most of their rows,
    /// which report() has.
    [[nodiscard]] const Json& last_run() const { return memory_.last_run; }

    /// The interval that was set at run time, if one was.
    [[nodiscard]] std::optional<Duration> interval_override() const { return memory_.interval; }
    /// Nothing: as configured again. Errc::invalid_argument where the configuration would refuse it.
    [[nodiscard]] Status set_interval(std::optional<Duration> interval);
    void reload(Config config);
    /// For so long, or for good.
    [[nodiscard]] Status blacklist(const Endpoint& server, std::optional<Duration> time);
    /// Errc::not_found where it was not barred.
    [[nodiscard]] Status unblacklist(const Endpoint& server);
    [[nodiscard]] std::vector<BlacklistEntry> blacklist_entries() const;
    /// Why what was to be remembered last could not be; empty where it could.
    [[nodiscard]] const std::string& memory_problem() const { return memory_.problem(); }

    /// The last decision with all that it was made from; null before the first, and where it had too many candidates to
    /// be remembered.
    [[nodiscard]] const RecordedRound* last_round();
    /// The last rounds as a trace that a replay decides in the same way.
    [[nodiscard]] Result<std::vector<std::string>> trace(const TraceWindow& window) const;

  private:
    struct Request {
        std::uint64_t run_id = 0;
        bool dry_run = false;
        bool by_hand = false;
        bool rollback = false;
        bool original = false;
        std::string trigger;
    };

    boost::asio::awaitable<void> settle_open_round();
    boost::asio::awaitable<Result<TransactionReport>> end_of_open_change(std::uint64_t after);
    boost::asio::awaitable<void> wait_for_work();
    boost::asio::awaitable<void> perform(Request request);
    boost::asio::awaitable<RoundReport> perform_round(Request request);
    boost::asio::awaitable<RoundReport> perform_rollback(Request request);
    boost::asio::awaitable<void> check_service();
    boost::asio::awaitable<void> reconverge(std::string why);
    void note_observation(ServiceObservation observation);
    void note_rolled_back_elsewhere();
    void finish(const Request& request, RoundReport report);
    void note_round_closed();
    bool record(RoundReport report);
    [[nodiscard]] PastRounds past_rounds() const;
    void note_lived(Duration at_least);
    void note_decided(const DecidedRound& round);
    [[nodiscard]] std::string objection_to(const std::vector<Choice>& servers) const;
    void note_round_ended(Outcome outcome, bool interrupted, SelectionState next);
    void change_selection(const TraceEvent& event);
    void change_memory(const TraceEvent& event);
    void announce_blacklisted(const SelectionState& before);
    void set_state(std::string state);
    void refresh_schedule();
    [[nodiscard]] Request make_request(std::string trigger);

    boost::asio::any_io_executor executor_;
    RoundPorts ports_;
    OptimizerListener& listener_;
    Memory memory_;
    Config config_;
    Schedule schedule_;
    Metrics metrics_;
    EngineState state_;
    Alarm& wake_;
    boost::asio::cancellation_signal cancel_round_;
    std::optional<Request> waiting_;
    std::optional<Request> running_;
    std::optional<Trigger> missed_;  ///< came while that ran
    ServiceObservation service_;
    Duration observed_at_{};         ///< on the boot clock; zero: never
    bool observation_stale_ = true;  ///< something changed since
    Duration next_check_{};
    Duration lived_until_{};         ///< what memory_.rounds.lived_s counts to
    bool was_synchronised_ = false;  ///< at the last check or round, whoever has looked since
    std::optional<RecordedRound> last_round_;
    bool round_in_trace_ = false;        ///< the decision of the round that runs is in it, its end is not
    bool sought_last_round_ = false;     ///< in the trace, after a restart
    std::vector<TraceEvent> held_back_;  ///< asked while a round's own memory would otherwise hide it
    bool change_open_ = false;           ///< the applier was asked for a change whose end is not recorded
    bool stopping_ = false;
};

}  // namespace ntpopt
