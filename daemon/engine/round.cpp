// The story of a round, one stage after the other. Whom to ask is settled in round_candidates.cpp.
#include "daemon/engine/round.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "common/text.hpp"
#include "daemon/core/select/choices.hpp"
#include "daemon/core/select/leap.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

/// The applier's words for people, bounded as everything from another process.
constexpr std::size_t kMaxPlanLines = 1000;
constexpr std::size_t kMaxPlanText = 2000;

/// Of the servers that the service uses, those of which it has a record that spares requests.
std::map<std::pair<Address, std::uint16_t>, Spared> sound_records(const ServiceObservation& service,
                                                                  const ProbeConfig& config) {
    std::map<std::pair<Address, std::uint16_t>, Spared> out;
    for (const auto& source : service.sources)
        if (const auto spared = may_spare(source, config))
            out.emplace(std::pair(*source.address, source.port), *spared);
    return out;
}

Json texts_of(const Json& array) {
    Json texts = Json::array();
    for (const auto& item : array)
        if (item.is_string() && texts.size() < kMaxPlanLines)
            texts.push_back(printable(item.get_ref<const std::string&>(), kMaxPlanText));
    return texts;
}

}  // namespace

Round::Round(RoundPorts ports, RoundRequest request, Hooks hooks)
    : ports_(std::move(ports)), request_(std::move(request)), hooks_(std::move(hooks)) {}

asio::awaitable<RoundResult> Round::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    began_ = ports_.clock.since_boot();
    report_.run_id = request_.run_id;
    report_.dry_run = request_.dry_run || request_.config.mode == Mode::observe;
    report_.trigger = request_.trigger;
    report_.started = ports_.clock.now();
    decided_.next = request_.state;

    bool measured = co_await timed(Stage::discover, discover());
    if (measured) measured = co_await timed(Stage::resolve, resolve());
    if (measured) {
        hooks_.before_probe();
        measured = co_await timed(Stage::probe, probe());
    }
    // Whose answer was on its way when the round was stopped did not fail to answer.
    if (measured) measured = co_await goes_on();
    if (measured) {
        decide_set();
        if (wants_change()) {
            const bool planned = co_await timed(Stage::plan, plan());
            if (planned && !report_.dry_run) co_await timed(Stage::apply, apply());
        } else if (service_.drifted && !service_.paused && !report_.dry_run && hooks_.objection({}).empty()) {
            co_await timed(Stage::apply, reconverge());
        }
    }
    report_.duration_s = to_seconds(ports_.clock.since_boot() - began_);
    RoundResult result;
    result.next = commit(std::move(decided_.next), report_.outcome == Outcome::applied);
    result.interrupted = interrupted_;
    result.report = std::move(report_);
    co_return result;
}

/// False where the round was stopped.
asio::awaitable<bool> Round::goes_on() {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() == asio::cancellation_type::none) co_return true;
    settle(Outcome::failed, "stopped before it was done");
    co_return false;
}

/// Runs one stage and writes its line; false ends the round.
asio::awaitable<bool> Round::timed(Stage stage, asio::awaitable<StageResult> work) {
    if (!co_await goes_on()) co_return false;
    hooks_.progress(stage, 0, 0);
    const auto before = ports_.clock.since_boot();
    StageResult result = Error{};
    try {
        result = co_await std::move(work);
    } catch (const std::exception& e) {
        result = Error{Errc::internal, e.what()};
    }
    const auto took = to_seconds(ports_.clock.since_boot() - before);
    if (!result) settle(Outcome::failed, fmt::format("{}: {}", name_of(stage), result.error().detail));
    // The proof came after the change, and took its time out of the same call.
    const auto proof = std::exchange(proof_, std::nullopt);
    note_stage(stage, result.has_value(), took - (proof ? proof->duration_s : 0),
               result ? *result : result.error().detail);
    if (proof) report_.stages.push_back(*proof);
    co_return result.has_value();
}

void Round::note_stage(Stage stage, bool ok, double duration_s, std::string detail) {
    report_.stages.push_back({stage, ok, duration_s, std::move(detail)});
}

asio::awaitable<Round::StageResult> Round::probe() {
    // Two candidates may lead to one address; it is asked once, and both learn what it said.
    std::map<std::pair<Address, std::uint16_t>, std::size_t> index;
    std::vector<ProbeTarget> targets;
    const auto records = sound_records(service_, request_.config.probe);
    const auto now_s = ports_.clock.now_s();
    for (auto& observation : observations_) {
        if (!observation.address) continue;
        if (is_probe_barred(request_.state, observation.candidate.endpoint, observation.address, now_s)) {
            observation.failure = "left alone for now";
            continue;
        }
        observation.probed = true;
        const std::pair where(*observation.address, observation.candidate.endpoint.port);
        if (index.emplace(where, targets.size()).second)
            targets.push_back({where.first, where.second, records.contains(where)});
    }
    const auto total = targets.size();
    Prober::Progress report = [this](std::size_t done, std::size_t all) { hooks_.progress(Stage::probe, done, all); };
    auto measurements = co_await ports_.prober.probe(std::move(targets), request_.config.probe, std::move(report));
    hooks_.probed(measurements, candidates_left_);
    std::size_t answered = 0;
    std::size_t spared = 0;
    for (const auto& [where, i] : index) {
        auto& measurement = measurements.at(i);
        if (measurement.received() > 0) ++answered;
        // What had to be asked again is judged by what it answered today.
        if (!records.contains(where) || measurement.sent() != 1 || measurement.received() != 1) continue;
        measurement.spared = records.at(where);
        ++spared;
    }
    for (auto& observation : observations_)
        if (observation.probed)
            observation.measurement =
                measurements.at(index.at({*observation.address, observation.candidate.endpoint.port}));
    co_return fmt::format("{} of {} answered{}", answered, count_of(total, "server"),
                          spared > 0 ? fmt::format(", {} asked once", spared) : "");
}

/// The three pure stages. What they found stands in the verdicts; the report gets a line for each.
void Round::decide_set() {
    const auto before = ports_.clock.since_boot();
    context_ = context();
    decided_ = decide(observations_, request_.state, request_.config.selection, context_);
    const auto took = to_seconds(ports_.clock.since_boot() - before);
    const auto& decision = decided_.decision;
    report_.servers = decision.servers;
    const auto scored = std::count_if(report_.servers.begin(), report_.servers.end(),
                                      [](const RankedServer& server) { return server.score.has_value(); });
    const auto ranked = std::count_if(report_.servers.begin(), report_.servers.end(),
                                      [](const RankedServer& server) { return server.rank.has_value(); });
    note_stage(Stage::measure, true, 0, fmt::format("confidence {}", name_of(decision.confidence)));
    note_stage(Stage::score, true, 0, fmt::format("{} scored, {} passed the gates", scored, ranked));
    note_stage(Stage::select, true, took, decision.reason);
    report_.confidence = decision.confidence;
    settle(decision.outcome, decision.reason);
    hooks_.decided({observations_, request_.state, request_.config.selection, context_, decision});
}

bool Round::wants_change() const {
    return report_.outcome == Outcome::would_apply;
}

asio::awaitable<Round::StageResult> Round::plan() {
    if (report_.dry_run) report_.selected = names_of(decided_.decision.selected);
    if (!service_problem_.empty()) {
        if (report_.dry_run) co_return "no plan: " + service_problem_;
        co_return Error{Errc::unavailable, "nothing can be changed: " + service_problem_};
    }
    auto planned = co_await ports_.time_service.plan(decided_.decision.selected);
    if (!planned) {
        // Whoever only wants to see the recommendation gets it; whoever wants the change hears the refusal.
        if (!report_.dry_run) settle(Outcome::refused, planned.error().detail);
        co_return report_.dry_run ? StageResult("no plan: " + planned.error().detail) : StageResult(planned.error());
    }
    note_plan(*planned);
    note_files(get_array(*planned, "files"));
    co_return count_of(get_array(*planned, "steps").size(), "step");
}

/// What the applier would do, or does, in its own words; the texts of the files are the diff's.
void Round::note_plan(const Json& planned) {
    report_.plan = Json::object();
    for (const auto* key : {"steps", "commands", "verify", "refusals"})
        report_.plan[key] = texts_of(get_array(planned, key));
    Json files = Json::array();
    for (const auto& file : get_array(planned, "files"))
        files.push_back({{"path", printable(get_string(file, "path"), kMaxPlanText)},
                         {"lines", get_integer(file, "lines").value_or(0)},
                         {"world_readable", get_bool(file, "world_readable")}});
    report_.plan["files"] = std::move(files);
}

/// Of a file that not everybody may read, everybody learns no more than that it changes.
void Round::note_files(const Json& files) {
    bool secret = false;
    for (const auto& file : files) {
        const auto diff = get_string(file, "diff");
        const bool readable = get_bool(file, "world_readable");
        report_.whole_diff += diff;
        report_.diff += readable ? diff
                                 : fmt::format("{}: {} lines, shown to uid 0 only\n", get_string(file, "path"),
                                               get_integer(file, "lines").value_or(0));
        secret = secret || !readable;
    }
    if (!secret) report_.whole_diff.clear();
}

asio::awaitable<Round::StageResult> Round::apply() {
    TimeService::OnState on_state = [this](TransactionState state) {
        if (state != TransactionState::verifying) return;
        verifying_since_ = ports_.clock.since_boot();
        hooks_.progress(Stage::verify, 0, 0);
    };
    const auto last = co_await ports_.time_service.transaction(0);
    if (!last && last.error().code != Errc::not_found) co_return last.error();
    if (auto why = hooks_.objection(decided_.decision.selected); !why.empty()) {
        settle(Outcome::refused, why);
        co_return "refused: " + why;
    }
    OpenRound open;
    open.report = to_json(report_);
    open.after = last ? last->id : 0;
    open.if_applied = commit(decided_.next, true);
    open.if_untried = commit(decided_.next, false);
    open.otherwise = after_roll_back();
    hooks_.before_change(open);
    auto done = co_await ports_.time_service.apply(decided_.decision.selected, request_.by_hand, std::move(on_state));
    if (!done) {
        if (done.error().code != Errc::refused) co_return done.error();
        settle(Outcome::refused, done.error().detail);
        co_return "refused: " + done.error().detail;
    }
    settle(*done);
    co_return fmt::format("transaction {} {}", done->id, name_of(done->state));
}

asio::awaitable<Round::StageResult> Round::reconverge() {
    auto done = co_await ports_.time_service.reconverge();
    if (!done) co_return done.error();
    if (done->state == TransactionState::committed)
        report_.selected = done->selected;
    else
        settle(*done);
    co_return fmt::format("made what was committed true again: transaction {} {}", done->id, name_of(done->state));
}

void Round::settle(Outcome outcome, std::string reason) {
    // A gate that says no is the more telling outcome than the failed stage that carries it.
    if (report_.outcome == Outcome::refused && outcome == Outcome::failed) return;
    report_.outcome = outcome;
    report_.reason = std::move(reason);
}

void Round::settle(const TransactionReport& transaction) {
    report_.transaction = transaction.id;
    const bool verified = transaction.state == TransactionState::committed;
    if (verifying_since_ != Duration::zero())
        proof_ = StageReport{Stage::verify, verified, to_seconds(ports_.clock.since_boot() - verifying_since_),
                             verified ? "follows " + transaction.peer : transaction.reason};
    if (verified) {
        report_.selected = names_of(decided_.decision.selected);
        settle(Outcome::applied, report_.reason);
        return;
    }
    interrupted_ = transaction.interrupted;
    if (!interrupted_) decided_.next = after_roll_back();
    settle(transaction.state == TransactionState::degraded ? Outcome::degraded : Outcome::rolled_back,
           transaction.reason);
}

SelectionState Round::after_roll_back() const {
    // Counted from the decision, so that whoever finishes the round, also after a restart, comes to the same memory.
    return note_rolled_back(decided_.next, names_of(decided_.decision.selected), context_.time_s);
}

DecisionContext Round::context() const {
    DecisionContext context;
    context.time_s = ports_.clock.now_s();
    context.synchronised = service_.synchronised;
    context.serves_others = service_.serves_others;
    context.leap_window = is_leap_window(ports_.place.leap_seconds(), context.time_s);
    context.own_addresses = ports_.place.own_addresses();
    context.pools = service_.capabilities.pools || service_.service == Service::none;
    context.ports = service_.capabilities.ports || service_.service == Service::none;
    context.multi_source = service_.capabilities.multi_source || service_.service == Service::none;
    const auto& apply = request_.config.apply;
    for (const auto& source : service_.sources) {
        const auto host = Host::parse(source.name);
        if (!host || source.origin == "refclock") continue;
        CurrentSource current{Endpoint{*host, source.port}, source.pool, Timescale::unknown};
        for (const auto& candidate : candidates_)
            if (candidate.endpoint == current.endpoint) current.timescale = candidate.timescale;
        const bool stays = (source.origin == "dhcp" && !apply.replace_dhcp) || (apply.augment && !source.ours);
        auto& list = stays ? context.kept : context.current;
        const auto same = [&](const CurrentSource& known) { return known.endpoint == current.endpoint; };
        if (std::none_of(list.begin(), list.end(), same)) list.push_back(current);
    }
    return context;
}

}  // namespace ntpopt
