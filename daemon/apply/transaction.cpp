// Implementation of transaction.hpp, but for the ways back (transaction_back.cpp). A state is durable before the step
// behind it begins, so what a crash leaves is that state's step, perhaps half done; every step can be done again.
#include "daemon/apply/transaction.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/apply/limits.hpp"
#include "daemon/core/select/choices.hpp"
#include "daemon/io/sys/journal.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kApply = "apply";
constexpr std::string_view kReconverge = "reconverge";

/// begin() takes the one place there is; it is given back unless a transaction really began.
class Reservation {
  public:
    explicit Reservation(bool& busy) : busy_(busy) { busy_ = true; }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() {
        if (!kept_) busy_ = false;
    }
    void keep() { kept_ = true; }

  private:
    bool& busy_;
    bool kept_ = false;
};

}  // namespace

Transactions::Transactions(Journal& journal, Clock& clock, Config config, FindBackend find, NamedBackend named)
    : journal_(journal),
      clock_(clock),
      config_(std::move(config)),
      find_(std::move(find)),
      named_(std::move(named)),
      busy_(open() != 0) {}

void Transactions::only_go_back(const Error& fault) {
    const auto first = fault.detail.substr(0, fault.detail.find('\n'));
    policy_ = Error{Errc::refused, "the configuration is faulty, so nothing is changed: " + first};
}

std::uint64_t Transactions::open() const {
    const auto& transaction = journal_.document().transaction;
    return transaction && !is_final(transaction->report.state) ? transaction->report.id : 0;
}

bool Transactions::is_of_another(Service service) const {
    const auto& committed = journal_.document().committed;
    return committed && committed->service != service;
}

Past Transactions::past_of(Service service) const {
    const auto& committed = journal_.document().committed;
    const auto& transaction = journal_.document().transaction;
    Past past;
    if (committed && committed->service == service) past.committed = committed->change;
    if (transaction && transaction->service == service) past.last = transaction->change;
    return past;
}

Result<TransactionReport> Transactions::report(std::uint64_t id) const {
    const auto& transaction = journal_.document().transaction;
    if (transaction && (id == 0 || transaction->report.id == id)) return transaction->report;
    return Error{Errc::not_found,
                 id == 0 ? "there was no transaction yet" : fmt::format("transaction {} is not remembered", id)};
}

asio::awaitable<Result<ServiceObservation>> Transactions::observe() {
    const auto backend = co_await find_();
    ServiceObservation seen;
    if (backend) {
        const Service service = (*backend)->service();
        auto past = past_of(service);
        auto observed = co_await (*backend)->observe(std::move(past));
        if (!observed) co_return observed.error();
        seen = std::move(*observed);
    } else {
        // No service is an answer, not a failure. Each line is a sentence; error() is a copy that has to live.
        const Error none = backend.error();
        for (const auto line : lines(none.detail))
            seen.refusals.emplace_back(line);
    }
    if (!policy_) seen.refusals.push_back(policy_.error().detail);
    seen.paused = journal_.document().paused;
    seen.changes_left = changes_left(journal_.document(), config_, clock_.now());
    if (!backend || !is_of_another((*backend)->service())) seen.kept = kept();
    seen.evidence = journal_.document().evidence;
    co_return seen;
}

asio::awaitable<Result<std::vector<std::string>>> Transactions::closed_gates_now(std::shared_ptr<Backend> backend,
                                                                                 std::vector<Choice> choices) {
    auto past = past_of(backend->service());
    const auto seen = co_await backend->observe(std::move(past));
    if (!seen) co_return seen.error();
    co_return closed_gates(choices, *seen, config_, timescale_of_);
}

asio::awaitable<Result<Json>> Transactions::plan(std::vector<Choice> choices) {
    const auto backend = co_await find_();
    if (!backend) co_return backend.error();
    auto refusals = co_await closed_gates_now(*backend, choices);
    if (!refusals) co_return refusals.error();
    for (const auto& limit : {policy_, check_limits(journal_.document(), choices, true, config_, clock_.now()),
                              check_begun(journal_.document(), clock_.now())})
        if (!limit) refusals->push_back(limit.error().detail);
    Goal goal;
    goal.choices = std::move(choices);
    goal.measured = true;
    goal.past = past_of((*backend)->service());
    auto change = co_await (*backend)->prepare(std::move(goal));
    if (!change) co_return change.error();
    Json description = (*change)->description();
    for (auto& sentence : *refusals)
        description["refusals"].push_back(std::move(sentence));
    co_return description;
}

asio::awaitable<Result<std::uint64_t>> Transactions::begin_apply(std::vector<Choice> choices, bool by_hand,
                                                                 EvidenceMark evidence) {
    if (busy_) co_return Error{Errc::busy, "another change is under way"};
    if (!policy_) co_return policy_.error();
    settle_times(journal_.document(), clock_.now());
    if (auto fine = check_limits(journal_.document(), choices, by_hand, config_, clock_.now()); !fine)
        co_return fine.error();
    if (auto fine = check_begun(journal_.document(), clock_.now()); !fine) co_return fine.error();
    Request request{std::string(kApply), {}, std::move(evidence)};
    request.goal.choices = std::move(choices);
    request.goal.measured = true;
    co_return co_await begin(std::move(request));
}

asio::awaitable<Result<std::uint64_t>> Transactions::begin_reconverge(EvidenceMark evidence) {
    if (busy_) co_return Error{Errc::busy, "another change is under way"};
    const auto& committed = journal_.document().committed;
    if (!committed) co_return nothing_changed();
    if (!policy_) co_return policy_.error();
    if (config_.mode == Mode::observe)
        co_return Error{Errc::refused, "the configuration says mode = \"observe\": nothing is changed"};
    settle_times(journal_.document(), clock_.now());
    if (auto fine = check_begun(journal_.document(), clock_.now()); !fine) co_return fine.error();
    if (auto listed = check_whitelist(committed->choices, config_); !listed) co_return listed.error();
    Request request{std::string(kReconverge), {}, std::move(evidence)};
    request.goal.choices = committed->choices;
    request.goal.original = committed->original;
    co_return co_await begin(std::move(request));
}

asio::awaitable<Result<Transactions::Prepared>> Transactions::prepare(std::string kind, Goal goal) {
    const auto backend = co_await find_();
    if (!backend) co_return backend.error();
    if (kind == kApply) {
        const auto closed = co_await closed_gates_now(*backend, goal.choices);
        if (!closed) co_return closed.error();
        if (!closed->empty()) co_return Error{Errc::refused, closed->front()};
    }
    if (kind == kRollback)
        if (const auto open = co_await check_way_back(*backend); !open) co_return open.error();
    const Service service = (*backend)->service();
    // Of what another service followed only a new choice leads on; what is ours in this one's files goes all the same.
    const bool leads_back = kind == kReconverge || (kind == kRollback && !goal.original);
    if (leads_back && is_of_another(service)) co_return nothing_changed();
    goal.past = past_of(service);
    auto change = co_await (*backend)->prepare(std::move(goal));
    if (!change) co_return change.error();
    co_return Prepared{*backend, *std::move(change)};
}

asio::awaitable<Result<std::uint64_t>> Transactions::begin(Request request) {
    Reservation reservation(busy_);
    OpenTransaction transaction;
    transaction.choices = request.goal.choices;
    transaction.original = request.goal.original;
    auto prepared = co_await prepare(request.kind, std::move(request.goal));
    if (!prepared) co_return prepared.error();
    auto& document = journal_.document();
    change_ = std::move(prepared->change);

    auto boot = boot_id();
    if (!boot) co_return boot.error();
    transaction.boot = std::move(*boot);
    transaction.service = prepared->backend->service();
    transaction.change = change_->record();
    transaction.report.id = ++document.last_transaction;
    transaction.report.kind = request.kind;
    transaction.report.state = TransactionState::prepared;
    transaction.report.selected = names_of(transaction.choices);
    transaction.report.previous = change_->previous();
    transaction.report.started_usec = to_usec(clock_.now());
    transaction.report.evidence = request.evidence;
    keep_evidence(request);
    auto before = std::exchange(document.transaction, std::move(transaction));
    count_begun(document, clock_.now());
    if (request.kind == kApply) {
        document.paused = false;
        if (change_->is_needed()) count_change(document, clock_.now());
    }
    if (auto saved = enter(TransactionState::prepared); !saved) {
        document.transaction = std::move(before);
        co_return saved.error();
    }
    reservation.keep();
    co_return document.last_transaction;
}

/// The daemon's evidence only grows. One that is shorter than it was, or another of the same length, was exchanged;
/// that is said here too, since whoever exchanged it may have the daemon. Root rolls back without the daemon.
void Transactions::keep_evidence(const Request& request) {
    auto& kept = journal_.document().evidence;
    const auto& told = request.evidence;
    const bool exchanged = told.seq < kept.seq || (told.seq == kept.seq && told.hash != kept.hash);
    if (exchanged && (told.seq != 0 || request.kind != kRollback))
        log(Priority::error, event::kEvidenceDamaged,
            fmt::format("the daemon's evidence went to entry {} ({}); now it is said to end with entry {} ({})",
                        kept.seq, kept.hash, told.seq, told.hash),
            {{"NTPOPT_EVIDENCE_SEQ", std::to_string(kept.seq)}, {"NTPOPT_EVIDENCE_HEAD", kept.hash}});
    if (told.seq != 0) kept = told;
}

Status Transactions::enter(TransactionState state) {
    auto& transaction = *journal_.document().transaction;
    transaction.report.state = state;
    if (change_) transaction.change = change_->record();
    if (auto saved = journal_.save(); !saved) return saved.error().in("write the journal");
    log(Priority::info, event::kTransaction,
        fmt::format("transaction {} ({}): {}", transaction.report.id, transaction.report.kind, name_of(state)),
        {{"NTPOPT_TRANSACTION", std::to_string(transaction.report.id)},
         {"NTPOPT_STATE", std::string(name_of(state))},
         {"NTPOPT_EVIDENCE_SEQ", std::to_string(transaction.report.evidence.seq)},
         {"NTPOPT_EVIDENCE_HEAD", transaction.report.evidence.hash}});
    if (on_change_) on_change_(transaction.report);
    return {};
}

asio::awaitable<void> Transactions::run() {
    if (!change_->is_needed()) {
        commit("");
    } else if (auto proven = co_await go_forward(); !proven) {
        co_await go_back(proven.error().detail);
    } else {
        co_await finish_taking_over();
    }
    change_.reset();
    busy_ = false;
}

/// From "prepared" to "verified": until here the old sources are all there.
asio::awaitable<Status> Transactions::go_forward() {
    if (auto done = co_await change_->write_files(); !done) co_return done;
    if (auto saved = enter(TransactionState::files_written); !saved) co_return saved;
    if (auto done = co_await change_->reload(); !done) co_return done;
    if (auto saved = enter(TransactionState::reloaded); !saved) co_return saved;
    if (auto saved = enter(TransactionState::verifying); !saved) co_return saved;
    if (auto done = co_await change_->prove(); !done) co_return done;
    co_return enter(TransactionState::verified);
}

/// From "verified" to the end.
asio::awaitable<void> Transactions::finish_taking_over() {
    auto done = co_await change_->remove_base();
    if (done) done = enter(TransactionState::base_removed);
    if (!done) {
        co_await go_back(done.error().detail);
        co_return;
    }
    auto peer = co_await change_->confirm();
    if (peer)
        commit(std::move(*peer));
    else
        co_await go_back(peer.error().detail);
}

asio::awaitable<void> Transactions::go_back(std::string reason) {
    journal_.document().transaction->report.reason = reason;
    // A journal that cannot be written must not keep the old sources from coming back.
    if (auto saved = enter(TransactionState::rolling_back); !saved) reason += "; " + saved.error().detail;
    auto undone = co_await change_->undo();
    // Every step may be done again, and a disk or a service that failed once need not fail twice.
    if (!undone) undone = co_await change_->undo();
    for (const auto& sentence : change_->left_alone())
        reason += "; " + sentence;
    if (undone)
        finish(TransactionState::rolled_back, std::move(reason));
    else
        finish(TransactionState::degraded,
               fmt::format("{}; and the old sources did not come back: {}", reason, undone.error().detail));
}

void Transactions::commit(std::string peer) {
    auto& document = journal_.document();
    auto& transaction = *document.transaction;
    const std::uint64_t now = to_usec(clock_.now());
    transaction.report.peer = std::move(peer);
    transaction.change = change_->record();
    const bool by_hand = transaction.report.kind == kRollback;
    withdraw_former(transaction.service);
    if (by_hand) {
        document.paused = true;
        if (!document.kept.empty()) document.kept.pop_back();
        if (transaction.original) document.kept.clear();
    } else if (transaction.report.kind == kApply && document.committed &&
               names_of(document.committed->choices) != names_of(transaction.choices)) {
        document.kept.push_back(*document.committed);
        const auto limit = static_cast<std::size_t>(std::max(0, config_.apply.max_backups));
        while (document.kept.size() > limit)
            document.kept.erase(document.kept.begin());
    }
    document.committed = CommittedSet{
        transaction.report.id, now, transaction.service, transaction.choices, transaction.original, transaction.change};
    finish(TransactionState::committed, "");
}

void Transactions::finish(TransactionState state, std::string reason) {
    auto& report = journal_.document().transaction->report;
    report.reason = std::move(reason);
    report.ended_usec = to_usec(clock_.now());
    if (const auto saved = enter(state); !saved) log(Priority::critical, saved.error().detail);
    if (state == TransactionState::rolled_back)
        log(Priority::warning, event::kRolledBack, "rolled back: " + report.reason);
    if (state == TransactionState::degraded) log(Priority::critical, event::kRolledBack, report.reason);
}

asio::awaitable<bool> Transactions::recover() {
    auto& document = journal_.document();
    if (open() == 0) co_return false;
    Reservation reservation(busy_);
    auto& transaction = *document.transaction;
    const TransactionState found = transaction.report.state;
    log(Priority::notice, event::kRecovered,
        fmt::format("transaction {} was left at \"{}\"", transaction.report.id, name_of(found)));
    auto backend = named_(transaction.service);
    auto change = backend ? (*backend)->resume(transaction.change) : Result<std::unique_ptr<Change>>(backend.error());
    if (!change) {
        finish(TransactionState::degraded, "cannot be recovered: " + change.error().detail);
        co_return true;
    }
    change_ = std::move(*change);
    std::string reason = transaction.report.reason;
    if (found == TransactionState::verified || found == TransactionState::base_removed) {
        co_await finish_taking_over();
    } else {
        if (reason.empty()) {
            reason = fmt::format("the applier was interrupted at \"{}\"", name_of(found));
            transaction.report.interrupted = true;
        }
        co_await go_back(std::move(reason));
    }
    change_.reset();
    co_return true;
}

}  // namespace ntpopt
