// Implementation of daemon_control.hpp.
#include "daemon/app/daemon_control.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "common/version.hpp"
#include "daemon/app/effective_config.hpp"
#include "daemon/app/history_rows.hpp"
#include "daemon/app/metrics_document.hpp"
#include "daemon/core/publish/clock_error.hpp"
#include "daemon/core/record/explanation.hpp"
#include "daemon/io/sys/journal.hpp"
#include "daemon/io/sys/notify.hpp"

namespace ntpopt {
namespace {

/// How old an observation may be that `status` shows (a poll interval of an NTP client, RFC 5905 7.2).
constexpr Duration kFreshEnough = std::chrono::seconds(64);

/// What the bytes of an answer with entries of the evidence are bounded by.
constexpr std::size_t kMaxAnswer = 1024 * 1024;
constexpr std::size_t kRestOfEntry = 300;

/// How many runs, the newest, are gone through for one that measured.
constexpr std::size_t kLookedBack = 100;

std::string joined(const std::vector<std::string>& names) {
    return fmt::format("{}", fmt::join(names, " "));
}

Json time_or_null(RealTime time) {
    return time == RealTime{} ? Json(nullptr) : Json(render_time(time));
}

}  // namespace

DaemonControl::DaemonControl(ConfigPlaces places, std::vector<ConfigText> files, Optimizer& optimizer, Archive& archive,
                             Ledger& ledger, Witness& witness, Notices& notices)
    : places_(std::move(places)),
      files_(std::move(files)),
      optimizer_(optimizer),
      archive_(archive),
      ledger_(ledger),
      witness_(witness),
      notices_(notices) {}

void DaemonControl::warn(const std::string& what) {
    log(Priority::error, what);
    warnings_.push_back(what);
}

void DaemonControl::attach(ManagerFace& face) {
    face_ = &face;
}

Snapshot DaemonControl::snapshot() const {
    const auto& state = optimizer_.state();
    Snapshot snapshot;
    snapshot.state = state.state;
    snapshot.mode = name_of(state.mode);
    snapshot.service = name_of(state.service);
    snapshot.unit = state.unit;
    snapshot.region = state.region;
    snapshot.selected = state.selected;
    snapshot.confidence = name_of(state.confidence);
    snapshot.synchronised = state.synchronised;
    snapshot.interval_usec = static_cast<std::uint64_t>(state.interval / std::chrono::microseconds(1));
    snapshot.last_run_usec = to_usec(state.last_run);
    snapshot.next_run_usec = to_usec(state.next_run);
    snapshot.alarms = state.alarms;
    if (state.paused)
        snapshot.alarms.push_back("rolled back by hand: nothing is applied until the next reoptimize by hand");
    if (const auto& problem = optimizer_.memory_problem(); !problem.empty())
        snapshot.alarms.push_back("what is learnt cannot be remembered: " + problem);
    snapshot.alarms.insert(snapshot.alarms.end(), warnings_.begin(), warnings_.end());
    for (auto& alarm : witness_.alarms())
        snapshot.alarms.push_back(std::move(alarm));
    const auto silent = notices_.alarms();
    snapshot.alarms.insert(snapshot.alarms.end(), silent.begin(), silent.end());
    return snapshot;
}

std::optional<Duration> DaemonControl::clock_error_bound() const {
    const auto bound = clock_error_bound_s(optimizer_.last_observation(), optimizer_.observation_age());
    return bound ? std::optional(from_seconds(*bound)) : std::nullopt;
}

Json DaemonControl::metrics() const {
    return metrics_document(optimizer_, clock_error_bound());
}

Result<std::uint64_t> DaemonControl::reoptimize(bool dry_run) {
    return optimizer_.reoptimize(dry_run);
}

Result<Json> DaemonControl::run(std::uint64_t run_id, bool whole_diff) const {
    auto report = optimizer_.report(run_id);
    if (!report && report.error().code == Errc::not_found)
        if (const auto stored = archive_.round(run_id)) report = unpack_round(*stored);
    if (!report || !report->contains("whole_diff")) return report;
    if (whole_diff) (*report)["diff"] = (*report)["whole_diff"];
    report->erase("whole_diff");
    return report;
}

/// The report of the last run that measured: a roll-back by hand, and a round that failed before, leave what is known
/// of the servers as it was. Where there is none it is the last run's.
Result<Json> DaemonControl::measured() const {
    auto last = optimizer_.report(0);
    if (!last || !get_array(*last, "servers").empty()) return last;
    const auto run_id = static_cast<std::uint64_t>(get_integer(*last, "run_id").value_or(0));
    if (measured_before_ && measured_before_->first == run_id) return measured_before_->second;
    const auto before = archive_.find({.limit = kLookedBack});
    for (std::size_t i = before ? before->size() : 0; i > 0; --i) {
        const auto stored = archive_.round((*before)[i - 1]);
        if (!stored || stored->asked == 0) continue;
        if (auto report = unpack_round(*stored)) {
            last = std::move(report);
            break;
        }
    }
    measured_before_.emplace(run_id, *last);
    return last;
}

Json DaemonControl::servers() const {
    const auto report = measured();
    return report ? get_array(*report, "servers") : Json::array();
}

Result<Json> DaemonControl::explain(std::optional<Endpoint> server) const {
    const auto report = measured();
    if (!report) return report.error();
    const auto* round = optimizer_.last_round();
    if (!server) {
        auto whole = summary_json(*report);
        whole["sentences"] = round ? explain_round(round->decision) : std::vector{get_string(*report, "reason")};
        return whole;
    }
    if (round) return explain_in(*round, *server);
    // Without what the decision was made from there is only what was published of it.
    for (const auto& row : get_array(*report, "servers"))
        if (get_string(row, "name") == server->text())
            return Json{{"server", row},
                        {"sentences", std::vector{get_string(row, "reason")}},
                        {"counterfactuals", Json::array()}};
    return Error{Errc::not_found, fmt::format("{} was no candidate of the last round", server->text())};
}

/// To find what would have to change, the decision is made some hundred times again; so each is found once a round.
Result<Json> DaemonControl::explain_in(const RecordedRound& round, const Endpoint& server) const {
    if (std::exchange(explained_round_s_, round.context.time_s) != round.context.time_s) explained_.clear();
    if (const auto known = explained_.find(server); known != explained_.end()) return known->second;
    const auto explanation = explain_server(round.view(), server);
    if (!explanation) return explanation.error();
    return explained_.emplace(server, to_json(*explanation)).first->second;
}

Result<HistoryRows> DaemonControl::history(const HistoryQuery& query) const {
    if (!query.trace) return history_rows(archive_, query);
    auto lines = optimizer_.trace({.rounds = query.limit,
                                   .since_s = static_cast<double>(query.since_usec) * 1e-6,
                                   .until_s = static_cast<double>(query.until_usec) * 1e-6});
    if (!lines) return lines.error();
    return HistoryRows([lines = *std::move(lines), at = std::size_t{0}]() mutable -> std::optional<Json> {
        return at < lines.size() ? std::optional(Json{{"line", std::move(lines[at++])}}) : std::nullopt;
    });
}

Json DaemonControl::blacklist() const {
    Json rows = Json::array();
    for (const auto& entry : optimizer_.blacklist_entries())
        rows.push_back({{"server", entry.name},
                        {"until", entry.until_s >= kForever
                                      ? Json(nullptr)
                                      : Json(render_time(from_usec(static_cast<std::uint64_t>(entry.until_s * 1e6))))},
                        {"by_hand", entry.by_hand},
                        {"reason", entry.reason}});
    return rows;
}

Status DaemonControl::add_to_blacklist(const Endpoint& server, std::optional<Duration> time) {
    return optimizer_.blacklist(server, time);
}

Status DaemonControl::remove_from_blacklist(const Endpoint& server) {
    return optimizer_.unblacklist(server);
}

Status DaemonControl::set_interval(std::optional<Duration> interval) {
    auto changed = optimizer_.set_interval(interval);
    if (changed)
        log(Priority::notice, fmt::format("interval set to {}{}", render_duration(optimizer_.state().interval),
                                          interval ? "" : ", as configured"));
    return changed;
}

boost::asio::awaitable<Result<std::uint64_t>> DaemonControl::rollback(bool original) {
    // Whatever else speaks against it is the run's to find, and to be remembered.
    const auto possible = co_await optimizer_.can_roll_back(original);
    if (!possible && possible.error().code == Errc::not_found) co_return possible.error();
    co_return optimizer_.rollback(original);
}

Status DaemonControl::reload() {
    notify::reloading();
    auto loaded = load_config(places_);
    if (loaded) {
        files_ = std::move(loaded->files);
        notices_.configure(loaded->config.notify);
        optimizer_.reload(std::move(loaded->config));
    }
    const auto catalogue = loaded && on_reload_ ? on_reload_() : Status();
    told_status_.clear();
    notify::ready("");
    state_changed();
    if (!loaded) {
        log(Priority::error, fmt::format("the configuration stays as it was:\n{}", loaded.error().detail));
        return loaded.error();
    }
    log(Priority::notice, event::kReloaded, "configuration reloaded");
    note_configuration("reload");
    if (!catalogue) {
        log(Priority::error, fmt::format("the catalogue stays as it was:\n{}", catalogue.error().detail));
        return Error{Errc::invalid_argument, "the catalogue stays as it was: " + catalogue.error().detail};
    }
    return {};
}

Json DaemonControl::config() const {
    return effective_settings(files_, optimizer_.interval_override());
}

void DaemonControl::note_configuration(std::string_view why) {
    witness_.configured(why, digest_of(files_, optimizer_.interval_override()), kVersion);
}

void DaemonControl::operated(const Operation& operation) {
    witness_.operated(operation);
}

Result<Json> DaemonControl::evidence(const EvidenceWindow& query) {
    const auto found = ledger_.entries(query);
    if (!found) return found.error();
    auto rows = Json::array();
    std::size_t bytes = 0;
    for (const auto& entry : *found) {
        bytes += entry.body.size() + kRestOfEntry;
        if (bytes > kMaxAnswer && !rows.empty()) break;
        rows.push_back({{"seq", entry.seq},
                        {"timestamp", render_time(from_usec(entry.time_usec))},
                        {"time_usec", entry.time_usec},
                        {"kind", entry.kind},
                        {"body", entry.body},
                        {"hash", entry.hash}});
    }
    return rows;
}

boost::asio::awaitable<Result<Json>> DaemonControl::verify_evidence() {
    const auto observed = co_await optimizer_.observation(kFreshEnough);
    std::optional<EvidenceMark> told;
    if (observed) told = observed->evidence;
    co_return witness_.verify(told);
}

boost::asio::awaitable<Json> DaemonControl::status() {
    auto observed = co_await optimizer_.observation(kFreshEnough);
    const auto& state = optimizer_.state();
    const auto bound = observed ? clock_error_bound_s(*observed, optimizer_.observation_age()) : std::nullopt;
    auto alarms = snapshot().alarms;
    if (!observed)
        alarms.push_back("the applier cannot be asked: " + observed.error().detail);
    else
        alarms.insert(alarms.end(), observed->refusals.begin(), observed->refusals.end());
    Json kept = Json::array();
    if (observed)
        for (const auto& set : observed->kept)
            kept.push_back(to_json(set));
    Json status{{"state", state.state},
                {"mode", name_of(state.mode)},
                {"service",
                 {{"name", name_of(state.service)},
                  {"unit", state.unit},
                  {"version", state.version},
                  {"active", state.service_active}}},
                {"synchronised", state.synchronised},
                {"clock_error_bound_ms", bound ? Json(*bound * 1e3) : Json(nullptr)},
                {"selected", state.selected},
                {"confidence", name_of(state.confidence)},
                {"interval_s", state.interval / std::chrono::seconds(1)},
                {"last_run", summary_json(optimizer_.last_run())},
                {"next_run", time_or_null(state.next_run)},
                {"alarms", alarms},
                {"peer", observed ? Json(observed->peer) : Json(nullptr)},
                {"offset_ms", observed && observed->synchronised ? Json(observed->offset_s * 1e3) : Json(nullptr)},
                {"kept", std::move(kept)}};
    co_return status;
}

boost::asio::awaitable<Result<Json>> DaemonControl::test_notice(std::string channel) {
    const auto tested = co_await notices_.test(std::move(channel));
    if (!tested) co_return tested.error();
    Json rows = Json::array();
    for (const auto& one : *tested)
        rows.push_back({{"channel", one.channel}, {"ok", one.delivery.ok}, {"detail", one.delivery.detail}});
    co_return rows;
}

void DaemonControl::state_changed() {
    if (face_) face_->changed();
    const auto& state = optimizer_.state();
    auto line = state.state != "idle"    ? "round: " + state.state
                : state.selected.empty() ? std::string("waiting for the first round")
                                         : "on " + joined(state.selected);
    if (line == told_status_) return;
    told_status_ = line;
    notify::status(line);
}

void DaemonControl::service_observed(const ServiceObservation& service) {
    witness_.observed(service);
    if (on_service_) on_service_(service);
}

void DaemonControl::run_started(std::uint64_t run_id, bool dry_run, std::string_view trigger) {
    log(Priority::info, event::kRoundStarted,
        fmt::format("run {} begins ({}{})", run_id, trigger, dry_run ? ", dry run" : ""),
        {{"NTPOPT_RUN_ID", std::to_string(run_id)}, {"NTPOPT_TRIGGER", std::string(trigger)}});
    if (face_) face_->run_started(run_id, dry_run);
}

void DaemonControl::run_progress(std::uint64_t run_id, Stage stage, std::size_t done, std::size_t total) {
    if (face_) face_->run_progress(run_id, std::string(name_of(stage)), done, total);
}

void DaemonControl::run_finished(std::uint64_t run_id, const Json& report) {
    witness_.round_ended(report, optimizer_.last_observation(), optimizer_.observation_age(),
                         optimizer_.config().history);
    const auto mark = witness_.mark();
    const auto outcome = parse_word<Outcome>(get_string(report, "outcome")).value_or(Outcome::failed);
    const bool good = is_good(outcome);
    const bool undone = outcome == Outcome::rolled_back || outcome == Outcome::degraded;
    log(good                           ? Priority::notice
        : outcome == Outcome::degraded ? Priority::critical
                                       : Priority::warning,
        undone ? event::kRolledBack : event::kRoundFinished,
        fmt::format("run {} {}: {}", run_id, name_of(outcome), get_string(report, "reason")),
        {{"NTPOPT_RUN_ID", std::to_string(run_id)},
         {"NTPOPT_OUTCOME", std::string(name_of(outcome))},
         {"NTPOPT_TRANSACTION", std::to_string(get_integer(report, "transaction").value_or(0))},
         {"NTPOPT_EVIDENCE_SEQ", std::to_string(mark.seq)},
         {"NTPOPT_EVIDENCE_HEAD", mark.hash}});
    if (face_) face_->run_finished(run_id, report);
    if (on_round_ended_) on_round_ended_();
}

void DaemonControl::selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                      std::string_view reason) {
    log(Priority::notice, event::kSelectionChanged,
        fmt::format("servers changed from [{}] to [{}]", joined(before), joined(after)),
        {{"NTPOPT_PREVIOUS", joined(before)}, {"NTPOPT_SELECTED", joined(after)}});
    if (face_) face_->selection_changed(before, after, std::string(reason));
}

void DaemonControl::server_blacklisted(std::string_view server, std::uint64_t until_usec, std::string_view reason) {
    log(Priority::warning, event::kServerBlacklisted, fmt::format("{} is blacklisted: {}", server, reason),
        {{"NTPOPT_SERVER", std::string(server)}});
    if (face_) face_->server_blacklisted(std::string(server), until_usec, std::string(reason));
}

void DaemonControl::trouble(std::string_view what) {
    log(Priority::warning, what);
}

}  // namespace ntpopt
