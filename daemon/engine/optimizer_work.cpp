// What the optimizer does when it is time: a round, a roll-back, or a look at the NTP service; and how it ends.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/core/select/leap.hpp"
#include "daemon/engine/optimizer.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kCheckEvery = std::chrono::minutes(15);
constexpr Duration kNoteLivedEvery = std::chrono::hours(1);
constexpr Duration kCheckAfterChange = std::chrono::seconds(2);

/// Whether a round did its work, so that the next one may wait the whole interval.
bool is_useful(Outcome outcome) {
    return is_good(outcome) || outcome == Outcome::refused;
}

}  // namespace

asio::awaitable<void> Optimizer::perform(Request request) {
    running_ = request;
    listener_.run_started(request.run_id, request.dry_run, request.trigger);
    RoundReport report;
    if (request.rollback)
        report = co_await perform_rollback(request);
    else
        report = co_await perform_round(request);
    // Stopped in the middle of a change: the applier ends it, and the next start reads there how.
    running_.reset();
    if (!(stopping_ && change_open_)) finish(request, std::move(report));
}

asio::awaitable<RoundReport> Optimizer::perform_round(Request request) {
    RoundRequest asked;
    asked.run_id = request.run_id;
    asked.dry_run = request.dry_run;
    asked.by_hand = request.by_hand;
    asked.trigger = request.trigger;
    asked.config = config_;
    asked.state = memory_.selection;
    Round::Hooks hooks;
    hooks.progress = [this, id = request.run_id](Stage stage, std::size_t done, std::size_t total) {
        if (state_.state != name_of(stage)) set_state(std::string(name_of(stage)));
        listener_.run_progress(id, stage, done, total);
    };
    hooks.observed = [this](const ServiceObservation& observation) { note_observation(observation); };
    hooks.before_probe = [this] { memory_.save_rounds(); };
    hooks.probed = [this](const std::vector<Measurement>& measurements, int candidates_left) {
        metrics_.note_probed(measurements);
        metrics_.note_candidates_left(candidates_left);
    };
    hooks.decided = [this](const DecidedRound& decided) { note_decided(decided); };
    hooks.objection = [this](const std::vector<Choice>& servers) { return objection_to(servers); };
    hooks.before_change = [this](OpenRound open) {
        change_open_ = true;
        open.events = held_back_;
        memory_.save_open_round(open);
    };
    lived_until_ = ports_.clock.since_boot();
    memory_.rounds = {ports_.clock.now_s(), true, schedule_.useless() + 1, schedule_.tokens()};
    memory_.save_rounds();
    Round round(ports_, std::move(asked), std::move(hooks));
    auto wait = asio::bind_cancellation_slot(cancel_round_.slot(), asio::use_awaitable);
    auto result = co_await asio::co_spawn(executor_, round.run(), wait);
    if (stopping_ && change_open_) co_return std::move(result.report);
    const auto before = memory_.selection;
    note_round_ended(result.report.outcome, result.interrupted, std::move(result.next));
    announce_blacklisted(before);
    co_return std::move(result.report);
}

/// What was said during a round binds it too.
std::string Optimizer::objection_to(const std::vector<Choice>& servers) const {
    if (config_.mode != Mode::apply) return "mode is observe since the round began";
    SelectionState said;
    for (const auto& event : held_back_)
        said = after_event(std::move(said), event);
    const auto now_s = ports_.clock.now_s();
    for (const auto& server : servers)
        if (is_probe_barred(said, server.endpoint, server.address, now_s))
            return fmt::format("{} was blacklisted since the round began", server.endpoint.text());
    return {};
}

asio::awaitable<RoundReport> Optimizer::perform_rollback(Request request) {
    RoundReport report;
    report.run_id = request.run_id;
    report.trigger = request.trigger;
    report.started = ports_.clock.now();
    report.service = service_.service;
    report.previous = state_.selected;
    const auto before = ports_.clock.since_boot();
    memory_.save_rounds();
    set_state(std::string(name_of(Stage::apply)));
    TimeService::OnState nobody_listens = [](TransactionState) {};
    auto done = co_await ports_.time_service.rollback(request.original, std::move(nobody_listens));
    report.duration_s = to_seconds(ports_.clock.since_boot() - before);
    if (!done) {
        report.outcome = done.error().code == Errc::refused ? Outcome::refused : Outcome::failed;
        report.reason = done.error().detail;
        report.selected = report.previous;
    } else {
        // "rolled back" says that the former set did not prove itself, and that all is as it was.
        const bool committed = done->state == TransactionState::committed;
        report.outcome = committed                                      ? Outcome::applied
                         : done->state == TransactionState::rolled_back ? Outcome::rolled_back
                                                                        : Outcome::degraded;
        report.reason =
            committed ? "rolled back by hand; nothing is applied until the next reoptimize by hand" : done->reason;
        report.selected = report.outcome == Outcome::rolled_back ? report.previous : done->selected;
        report.transaction = done->id;
        if (committed) {
            const double now_s = ports_.clock.now_s();
            change_memory({.kind = TraceEvent::Kind::forgotten, .time_s = now_s});
        }
    }
    report.stages.push_back({Stage::apply, report.outcome == Outcome::applied, report.duration_s, report.reason});
    co_return report;
}

void Optimizer::finish(const Request& request, RoundReport report) {
    const auto now = ports_.clock.since_boot();
    const auto before = state_.selected;
    const auto reason = report.reason;
    const bool useful = is_useful(report.outcome);
    const bool changed = report.transaction != 0;
    if (!report.dry_run) state_.selected = report.selected;
    state_.last_run = report.started;
    state_.last_run_id = report.run_id;
    state_.confidence = report.confidence;
    if (!report.region.empty()) state_.region = report.region;
    state_.alarms.clear();
    if (report.outcome != Outcome::applied && report.outcome != Outcome::unchanged &&
        report.outcome != Outcome::would_apply)
        state_.alarms.push_back(fmt::format("{}: {}", name_of(report.outcome), report.reason));
    if (auto conflict = find_leap_conflict(config_.selection.timescale, service_.leap_source))
        state_.alarms.push_back(std::move(*conflict));
    if (!request.rollback) {
        schedule_.finished(now, useful, ports_.clock.random());
        metrics_.note_round(report.outcome, report.duration_s);
    }
    if (const auto missed = std::exchange(missed_, std::nullopt))
        schedule_.trigger(*missed, now, ports_.clock.random());
    note_round_closed();
    set_state(std::string(name_of(Stage::record)));
    const bool recorded = record(std::move(report));
    change_open_ = false;
    next_check_ = now + (changed ? kCheckAfterChange : kCheckEvery);
    was_synchronised_ = service_.synchronised;
    observation_stale_ = true;
    set_state(std::string(name_of(Stage::publish)));
    if (before != state_.selected) listener_.selection_changed(before, state_.selected, reason);
    listener_.run_finished(state_.last_run_id, memory_.last_run);
    if (recorded) memory_.put_rows_aside(state_.selected);
}

void Optimizer::note_round_closed() {
    memory_.rounds.open = false;
    memory_.rounds.useless = schedule_.useless();
    memory_.rounds.tokens = schedule_.tokens();
}

/// Whether the round is remembered. That it could not be done is in its report and an alarm, and no reason to undo
/// anything.
bool Optimizer::record(RoundReport report) {
    const auto began = ports_.clock.since_boot();
    report.stages.push_back({Stage::record, true, 0, "remembered"});
    memory_.last_run = to_json(report);
    // Where nobody vouches for the clock nothing is too old.
    const auto now = service_.synchronised ? std::optional(ports_.clock.now()) : std::nullopt;
    const auto recorded = memory_.record_round(config_.history, now);
    auto& stage = memory_.last_run["stages"].back();
    stage["duration_s"] = to_seconds(ports_.clock.since_boot() - began);
    if (recorded) return true;
    stage["ok"] = false;
    stage["detail"] = "could not be recorded: " + recorded.error().detail;
    listener_.trouble(fmt::format("run {} could not be recorded: {}", report.run_id, recorded.error().detail));
    return false;
}

/// Between rounds: restarted with its old sources, or without anybody to follow?
asio::awaitable<void> Optimizer::check_service() {
    next_check_ = ports_.clock.since_boot() + kCheckEvery;
    note_lived(kNoteLivedEvery);
    auto observed = co_await observation(Duration::zero());
    if (!observed) co_return;
    const bool was_synchronised = std::exchange(was_synchronised_, observed->synchronised);
    if (observed->drifted && config_.mode == Mode::apply && !observed->paused) {
        co_await reconverge("the NTP service no longer uses what was committed");
    } else if (was_synchronised && !observed->synchronised) {
        trigger(Trigger::unsynchronised);
    } else if (!observed->sources.empty() &&
               std::all_of(observed->sources.begin(), observed->sources.end(),
                           [](const ServiceSource& source) { return source.reach == 0; })) {
        trigger(Trigger::sources_dead);
    }
}

asio::awaitable<void> Optimizer::reconverge(std::string why) {
    set_state(std::string(name_of(Stage::apply)));
    listener_.trouble(why + "; making it so again");
    auto done = co_await ports_.time_service.reconverge();
    observation_stale_ = true;
    if (done && done->state == TransactionState::committed) co_return;
    listener_.trouble(fmt::format("could not make it so again: {}", done ? done->reason : done.error().detail));
    if (done) listener_.reconverge_failed(*done);
    trigger(Trigger::service_restarted);
}

}  // namespace ntpopt
