// The life of the engine: settle what was open, wait, run; and the questions that others may ask meanwhile. What a run
// does is in optimizer_work.cpp.
#include "daemon/engine/optimizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/core/config/parse.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kCheckSoon = std::chrono::seconds(2);
/// Of a life that ends: whoever is restarted again and again does not write each time.
constexpr Duration kWorthALine = std::chrono::minutes(1);
constexpr Duration kPollOpenTransaction = std::chrono::seconds(1);
/// An applier that says nothing for so long says nothing soon.
constexpr Duration kSilenceOfApplier = std::chrono::minutes(5);

double seconds_of(RealTime time) {
    return to_seconds(time.time_since_epoch());
}

std::vector<std::string> strings_of(const Json& array) {
    std::vector<std::string> out;
    for (const auto& item : array)
        if (item.is_string()) out.push_back(item.get<std::string>());
    return out;
}

}  // namespace

Optimizer::Optimizer(asio::any_io_executor executor, RoundPorts ports, Alarm& alarm, Store& store,
                     OptimizerListener& listener, Config config, std::uint64_t machine_hash)
    : executor_(executor),
      ports_(std::move(ports)),
      listener_(listener),
      memory_(store, [this](std::string_view what) { listener_.trouble(what); }),
      config_(std::move(config)),
      schedule_(config_.schedule, machine_hash),
      metrics_(ports_.clock.now()),
      wake_(alarm) {
    lived_until_ = ports_.clock.since_boot();
    refresh_schedule();
    state_.mode = config_.mode;
    state_.last_run_id = run_id_of(memory_.last_run);
    if (const auto time = parse_time(get_string(memory_.last_run, "timestamp"))) state_.last_run = *time;
    state_.selected =
        strings_of(get_array(memory_.last_run, get_bool(memory_.last_run, "dry_run") ? "previous" : "selected"));
    state_.region = get_string(memory_.last_run, "region");
    if (const auto word = parse_word<Confidence>(get_string(memory_.last_run, "confidence"))) state_.confidence = *word;
    memory_.put_rows_aside(state_.selected);
}

asio::awaitable<void> Optimizer::run() {
    co_await settle_open_round();
    schedule_.start(ports_.clock.since_boot(), past_rounds(), ports_.clock.random());
    next_check_ = ports_.clock.since_boot() + kCheckSoon;
    while (!stopping_) {
        set_state("idle");
        co_await wait_for_work();
        if (stopping_) break;
        if (waiting_) {
            auto request = *std::exchange(waiting_, std::nullopt);
            co_await perform(std::move(request));
        } else if (ports_.clock.since_boot() >= schedule_.next()) {
            auto request = make_request(std::string(schedule_.reason()));
            co_await perform(std::move(request));
        } else if (ports_.clock.since_boot() >= next_check_) {
            co_await check_service();
        }
    }
    note_lived(kWorthALine);
    set_state("stopping");
}

PastRounds Optimizer::past_rounds() const {
    const auto& rounds = memory_.rounds;
    PastRounds past{.cut_short = rounds.open, .useless = rounds.useless, .tokens = rounds.tokens};
    const auto last_s = std::max(rounds.began_s, seconds_of(state_.last_run));
    // A clock that is not set yet may be before that.
    if (last_s > 0) past.since_last = from_seconds(std::max(rounds.lived_s, seconds_of(ports_.clock.now()) - last_s));
    return past;
}

/// Remembers how long ntpoptd has run since the last round began, where that is so much more than was remembered.
void Optimizer::note_lived(Duration at_least) {
    const auto more = ports_.clock.since_boot() - lived_until_;
    if (more < at_least) return;
    lived_until_ += more;
    memory_.rounds.lived_s += to_seconds(more);
    memory_.save_rounds();
}

void Optimizer::stop() {
    stopping_ = true;
    cancel_round_.emit(asio::cancellation_type::terminal);
    wake_.ring();
}

/// How the change ended that came after this transaction. As long as the applier says that it runs it is waited for:
/// what it will come to is not known before.
asio::awaitable<Result<TransactionReport>> Optimizer::end_of_open_change(std::uint64_t after) {
    Result<TransactionReport> last = Error{};
    for (auto heard = ports_.clock.since_boot(); !stopping_;) {
        last = co_await ports_.time_service.transaction(0);
        const auto now = ports_.clock.since_boot();
        if (last && (last->id <= after || is_final(last->state))) break;
        if (!last && last.error().code == Errc::not_found) break;
        if (last) heard = now;
        if (now - heard >= kSilenceOfApplier) break;
        co_await wake_.wait_until(now + kPollOpenTransaction);
    }
    co_return last;
}

/// A change may have been under way when an earlier life ended; the applier knows how it ended. What is asked of the
/// memory meanwhile is held back as in a round.
asio::awaitable<void> Optimizer::settle_open_round() {
    auto open = memory_.open_round();
    if (!open) co_return;
    set_state("recovering");
    change_open_ = true;
    held_back_ = std::move(open->events);
    const auto last = co_await end_of_open_change(open->after);
    if (stopping_) co_return;
    change_open_ = false;
    if (!last && last.error().code != Errc::not_found) {
        held_back_.clear();
        co_return;
    }
    const bool began = last && last->id > open->after;  // an applier that knows of no change never made one
    const bool applied = began && last->state == TransactionState::committed;
    round_in_trace_ = true;
    const auto outcome = applied                                     ? Outcome::applied
                         : !began                                    ? Outcome::failed
                         : last->state == TransactionState::degraded ? Outcome::degraded
                                                                     : Outcome::rolled_back;
    metrics_.note_round(outcome, std::nullopt);
    const bool untried = !began || (!applied && last->interrupted);
    auto& next = applied ? open->if_applied : untried ? open->if_untried : open->otherwise;
    note_round_ended(outcome, untried, std::move(next));
    memory_.last_run = open->report;
    memory_.last_run["outcome"] = name_of(outcome);
    memory_.last_run["reason"] =
        began ? fmt::format("ntpoptd ended during the change; the applier finished alone: transaction {} {}{}{}",
                            last->id, name_of(last->state), last->reason.empty() ? "" : ": ", last->reason)
              : "ntpoptd ended before the applier began the change";
    memory_.last_run["transaction"] = began ? last->id : 0;
    if (applied) memory_.last_run["selected"] = last->selected;
    state_.last_run_id = run_id_of(open->report);
    state_.selected = strings_of(get_array(memory_.last_run, "selected"));
    memory_.rounds.open = false;
    if (applied) memory_.rounds.useless = 0;
    // The clock may not be set yet, this early: nothing goes for its age.
    if (auto recorded = memory_.record_round(config_.history, std::nullopt); !recorded)
        listener_.trouble(fmt::format("run {} could not be recorded: {}", state_.last_run_id, recorded.error().detail));
    listener_.run_finished(state_.last_run_id, memory_.last_run);
}

asio::awaitable<void> Optimizer::wait_for_work() {
    const auto now = ports_.clock.since_boot();
    const auto due = waiting_ ? now : std::min(schedule_.next(), next_check_);
    state_.next_run = ports_.clock.now() + (schedule_.next() - now);
    listener_.state_changed();
    if (due <= now) co_return;
    co_await wake_.wait_until(due);
}

Optimizer::Request Optimizer::make_request(std::string trigger) {
    Request request;
    request.run_id = ++memory_.last_run_id;
    request.trigger = std::move(trigger);
    return request;
}

Result<std::uint64_t> Optimizer::reoptimize(bool dry_run) {
    if (stopping_) return Error{Errc::shutting_down, "ntpoptd is about to stop"};
    for (const auto* other : {running_ ? &*running_ : nullptr, waiting_ ? &*waiting_ : nullptr}) {
        if (!other) continue;
        if (other->rollback || other->dry_run != dry_run)
            return Error{Errc::busy, fmt::format("run {} is under way with other options", other->run_id)};
        return other->run_id;
    }
    auto request = make_request("request");
    request.dry_run = dry_run;
    request.by_hand = true;
    waiting_ = request;
    wake_.ring();
    return request.run_id;
}

Result<std::uint64_t> Optimizer::rollback(bool original) {
    if (stopping_) return Error{Errc::shutting_down, "ntpoptd is about to stop"};
    if (running_ || waiting_) return Error{Errc::busy, "a run is under way; try again when it has ended"};
    auto request = make_request("rollback");
    request.rollback = true;
    request.by_hand = true;
    request.original = original;
    waiting_ = request;
    wake_.ring();
    return request.run_id;
}

void Optimizer::trigger(Trigger trigger) {
    if (running_) {
        // What the NTP service does meanwhile may be our own doing; the network is not.
        if (trigger == Trigger::network_changed || trigger == Trigger::resumed) missed_ = trigger;
        return;
    }
    schedule_.trigger(trigger, ports_.clock.since_boot(), ports_.clock.random());
    wake_.ring();
}

void Optimizer::check_service_soon() {
    next_check_ = std::min(next_check_, ports_.clock.since_boot() + kCheckSoon);
    wake_.ring();
}

/// Who is barred now and was not before.
void Optimizer::announce_blacklisted(const SelectionState& before) {
    const auto now_s = seconds_of(ports_.clock.now());
    const auto known = list_blacklist(before, now_s);
    for (const auto& entry : list_blacklist(memory_.selection, now_s)) {
        const auto same = [&](const BlacklistEntry& other) { return other.name == entry.name; };
        if (std::any_of(known.begin(), known.end(), same)) continue;
        const auto until = entry.until_s >= kForever ? 0 : static_cast<std::uint64_t>(entry.until_s * 1e6);
        listener_.server_blacklisted(entry.name, until, entry.reason);
    }
}

asio::awaitable<Result<ServiceObservation>> Optimizer::observation(Duration max_age) {
    if (!observation_stale_ && observation_age() <= max_age) co_return service_;
    auto observed = co_await ports_.time_service.observe();
    if (observed) note_observation(*observed);
    co_return observed;
}

void Optimizer::note_observation(ServiceObservation observation) {
    service_ = std::move(observation);
    observed_at_ = ports_.clock.since_boot();
    observation_stale_ = false;
    metrics_.note_observed(service_);
    state_.service = service_.service;
    state_.unit = service_.unit;
    state_.version = service_.version;
    state_.service_active = service_.active;
    state_.synchronised = service_.synchronised;
    state_.paused = service_.paused;
    note_rolled_back_elsewhere();
    listener_.service_observed(service_);
    listener_.state_changed();
}

/// Root goes back by the applier also where ntpoptd does not run (a package that is removed, and installed again
/// later): what was chosen before that is neither in use nor a reason to leave the service as it is. A round sees to
/// its own memory.
void Optimizer::note_rolled_back_elsewhere() {
    if (!service_.paused || !service_.active) return;
    const auto in_use = [this](const std::string& name) {
        return std::any_of(service_.sources.begin(), service_.sources.end(), [&](const ServiceSource& source) {
            const auto host = Host::parse(source.name);
            return host && Endpoint{*host, source.port}.text() == name;
        });
    };
    if (!state_.selected.empty() && std::none_of(state_.selected.begin(), state_.selected.end(), in_use)) {
        state_.selected.clear();
        state_.confidence = Confidence::none;
    }
    if (running_ || change_open_ || memory_.selection.incumbents.empty()) return;
    change_memory({.kind = TraceEvent::Kind::forgotten, .time_s = ports_.clock.now_s()});
    memory_.save_selection();
}

Result<Json> Optimizer::report(std::uint64_t run_id) const {
    if (run_id == 0 || run_id == state_.last_run_id) {
        if (!memory_.last_run.is_null()) return memory_.whole_last_run();
        return Error{Errc::not_found, "no round has run yet"};
    }
    for (const auto* request : {running_ ? &*running_ : nullptr, waiting_ ? &*waiting_ : nullptr})
        if (request && request->run_id == run_id)
            return Json{{"run_id", run_id}, {"dry_run", request->dry_run}, {"state", state_.state}};
    return Error{Errc::not_found,
                 fmt::format("run {} is not remembered; the last one is {}", run_id, state_.last_run_id)};
}

Status Optimizer::set_interval(std::optional<Duration> interval) {
    if (interval) {
        const auto checked = parse_config({}, {{"schedule.interval", Json(render_duration(*interval))}});
        if (!checked.ok()) return Error{Errc::invalid_argument, checked.problems.front().what};
    }
    memory_.interval = interval;
    memory_.save_overrides();
    refresh_schedule();
    wake_.ring();
    return {};
}

void Optimizer::reload(Config config) {
    config_ = std::move(config);
    state_.mode = config_.mode;
    refresh_schedule();
    wake_.ring();
}

void Optimizer::refresh_schedule() {
    auto schedule = config_.schedule;
    if (memory_.interval) schedule.interval = *memory_.interval;
    state_.interval = schedule.interval;
    schedule_.configure(schedule, ports_.clock.since_boot());
}

Status Optimizer::blacklist(const Endpoint& server, std::optional<Duration> time) {
    const auto now_s = seconds_of(ports_.clock.now());
    TraceEvent event{.kind = TraceEvent::Kind::blacklist, .time_s = now_s, .server = server.text()};
    if (time) event.until_s = now_s + to_seconds(*time);
    change_selection(event);
    return {};
}

Status Optimizer::unblacklist(const Endpoint& server) {
    const TraceEvent event{
        .kind = TraceEvent::Kind::unblacklist, .time_s = seconds_of(ports_.clock.now()), .server = server.text()};
    if (after_event(memory_.selection, event) == memory_.selection)
        return Error{Errc::not_found, fmt::format("{} is not on the blacklist", server.text())};
    change_selection(event);
    return {};
}

std::vector<BlacklistEntry> Optimizer::blacklist_entries() const {
    return list_blacklist(memory_.selection, seconds_of(ports_.clock.now()));
}

void Optimizer::set_state(std::string state) {
    if (state_.state == state) return;
    state_.state = std::move(state);
    listener_.state_changed();
}

}  // namespace ntpopt
