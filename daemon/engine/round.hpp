// One optimisation round, the product of ntpopt: discover, resolve, probe, measure, score, select, plan, apply, verify.
// A failing stage is a line in the report, never an exception. Recording and publishing are the optimizer's work.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/core/config/config.hpp"
#include "daemon/core/record/round_report.hpp"
#include "daemon/core/select/decide.hpp"
#include "daemon/core/select/explain.hpp"
#include "daemon/engine/memory.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/discoverer.hpp"
#include "daemon/ports/place.hpp"
#include "daemon/ports/prober.hpp"
#include "daemon/ports/resolver.hpp"
#include "daemon/ports/time_service.hpp"

namespace ntpopt {

/// The world as a round sees it. All of it outlives the round.
struct RoundPorts {
    std::vector<Discoverer*> discoverers;
    const Place& place;
    Resolver& resolver;
    Prober& prober;
    TimeService& time_service;
    Clock& clock;
    /// Longer than fetching a list may take; a discoverer that is later is left out of this round.
    Duration discover_deadline = std::chrono::seconds(12);
};

struct RoundRequest {
    std::uint64_t run_id = 0;
    bool dry_run = false;
    bool by_hand = false;
    std::string trigger;
    Config config;
    SelectionState state;
};

struct RoundResult {
    RoundReport report;
    SelectionState next;       ///< to be remembered; in a dry run only what was learnt, not what would have been chosen
    bool interrupted = false;  ///< the change was undone since the applier's process ended: no word on its servers
};

class Round {
  public:
    /// Called on the way; none may fail or wait.
    struct Hooks {
        std::function<void(Stage stage, std::size_t done, std::size_t total)> progress;
        std::function<void(const ServiceObservation& observation)> observed;
        std::function<void()> before_probe = [] {};  ///< what was learnt so far must outlive a crash
        std::function<void(const std::vector<Measurement>& measurements, int candidates_left)> probed =
            [](const std::vector<Measurement>&, int) {};
        std::function<void(const DecidedRound& round)> decided = [](const DecidedRound&) {
        };  ///< all of it, while the call lasts
        /// Why the service may not be changed any more, to these servers if to any, though it could be when the round
        /// began; else empty.
        std::function<std::string(const std::vector<Choice>& servers)> objection = [](const std::vector<Choice>&) {
            return std::string();
        };
        std::function<void(const OpenRound& round)> before_change;  ///< remember this, then the change is asked for
    };

    Round(RoundPorts ports, RoundRequest request, Hooks hooks);

    /// Runs it once. Cancelled, it ends after the stage that is under way, without a change that has not begun.
    boost::asio::awaitable<RoundResult> run();

  private:
    using StageResult = Result<std::string>;  ///< a line for the report, or why the stage failed

    boost::asio::awaitable<bool> timed(Stage stage, boost::asio::awaitable<StageResult> work);
    boost::asio::awaitable<bool> goes_on();
    boost::asio::awaitable<StageResult> discover();
    boost::asio::awaitable<StageResult> resolve();
    boost::asio::awaitable<StageResult> probe();
    boost::asio::awaitable<StageResult> plan();
    boost::asio::awaitable<StageResult> apply();
    boost::asio::awaitable<StageResult> reconverge();
    void decide_set();
    void note_plan(const Json& planned);
    void note_files(const Json& files);
    void settle(Outcome outcome, std::string reason);
    void settle(const TransactionReport& transaction);
    void note_stage(Stage stage, bool ok, double duration_s, std::string detail);
    [[nodiscard]] SelectionState after_roll_back() const;
    [[nodiscard]] bool wants_change() const;
    [[nodiscard]] DecisionContext context() const;

    RoundPorts ports_;
    RoundRequest request_;
    Hooks hooks_;
    Duration began_{};
    Duration verifying_since_{};
    std::optional<StageReport> proof_;  ///< the stage "verify", which ends with the stage "apply"
    bool interrupted_ = false;          ///< as in RoundResult
    ServiceObservation service_;
    std::string service_problem_;  ///< why the applier could not say what runs, else empty
    std::vector<Candidate> candidates_;
    std::vector<Observation> observations_;
    int candidates_left_ = 0;  ///< of max_candidates
    DecisionContext context_;  ///< what the decision was made in
    DecisionResult decided_;
    RoundReport report_;
};

}  // namespace ntpopt
