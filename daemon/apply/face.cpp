// Implementation of face.hpp.
#include "daemon/apply/face.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

#include "common/text.hpp"
#include "daemon/core/service/service.hpp"
#include "daemon/io/sys/journal.hpp"
#include "dbus/compat.hpp"
#include "dbus/contract.hpp"
#include "dbus/errors.hpp"

namespace ntpopt {
namespace {

using boost::asio::awaitable;

/// Calls that may wait for their answer at a time. The daemon needs one or two; each Observe runs other programs.
constexpr std::size_t kMaxPending = 16;

struct CallOptions {
    Json given;
    EvidenceMark evidence;

    [[nodiscard]] bool has(std::string_view flag) const { return get_bool(given, flag); }
};

/// The options that a method takes: these flags, and how far the daemon's evidence goes. An unknown one, or one of
/// another type, is refused: who misspells "original" must not be taken back to something else.
CallOptions read_options(const wire::Dict& options, std::initializer_list<std::string_view> flags) {
    for (const auto& [key, value] : options.value.items()) {
        const bool known =
            (std::find(flags.begin(), flags.end(), std::string_view(key)) != flags.end() && value.is_boolean()) ||
            (key == "evidence_seq" && value.is_number_integer()) || (key == "evidence_head" && value.is_string());
        if (known) continue;
        std::string known_flags;
        for (const auto flag : flags)
            known_flags += fmt::format("'{}', a boolean, ", flag);
        throw to_bus(
            {Errc::invalid_argument,
             fmt::format("the options here are {}evidence_seq, a number, and evidence_head, a string; not '{}'",
                         known_flags, printable(key, 64))});
    }
    auto evidence = get_evidence(options.value);
    if (!evidence) throw to_bus(evidence.error());
    return {options.value, *std::move(evidence)};
}

/// Sends an answer or an error; the one to hear it, or the bus, may be gone, which is nobody's failure.
template <typename T>
void send(const sdbus::Result<T>& result, const Result<T>& outcome) {
    try {
        if (!outcome) return result.returnError(to_bus(outcome.error()));
        result.returnResults(*outcome);
    } catch (const sdbus::Error&) {
        // The connection is lost; the pump says so.
    }
}

}  // namespace

ApplierFace::ApplierFace(BusPump& pump, TaskGroup& tasks, Transactions& transactions, uid_t user)
    : AdaptorInterfaces(pump.connection(), contract::kApplierPath),
      pump_(pump),
      tasks_(tasks),
      transactions_(transactions),
      user_(user),
      senders_(pump) {
    registerAdaptor();
    transactions_.on_change([this](const TransactionReport& report) {
        try {
            emitTransactionChanged(report.id, std::string(name_of(report.state)), wire::Dict(to_json(report)));
        } catch (const sdbus::Error&) {
            // The bus is gone; the transaction goes on without it.
        }
        pump_.kick();
    });
    pump_.kick();
}

ApplierFace::~ApplierFace() {
    transactions_.on_change({});
    unregisterAdaptor();
}

template <typename T>
void ApplierFace::take(sdbus::Result<T>&& result, std::type_identity_t<Job<T>> job) {
    last_call_ = std::chrono::steady_clock::now();
    if (shut_) throw to_bus({Errc::shutting_down, "the applier is about to end"});
    if (pending_ >= kMaxPending) throw to_bus({Errc::busy, "too many calls at once"});
    std::string sender = compat::current_sender(getObject());
    auto shared = std::make_shared<sdbus::Result<T>>(std::move(result));
    ++pending_;
    tasks_.spawn("bus call", serve<T>(std::move(shared), std::move(sender), std::move(job)));
}

template <typename T>
awaitable<void> ApplierFace::serve(std::shared_ptr<sdbus::Result<T>> result, std::string sender, Job<T> job) {
    const auto leaving = std::shared_ptr<void>(nullptr, [this](void*) {
        --pending_;
        last_call_ = std::chrono::steady_clock::now();
    });
    Result<T> outcome = Error{};
    if (const auto user = co_await admit(std::move(sender)); !user) {
        outcome = user.error();
    } else {
        try {
            auto work = job(*user);
            outcome = co_await std::move(work);
        } catch (const std::exception& e) {
            outcome = Error{Errc::internal, e.what()};
        }
    }
    send(*result, outcome);
    pump_.kick();
}

awaitable<Result<uid_t>> ApplierFace::admit(std::string sender) {
    const auto user = co_await senders_.user_of(sender);
    if (!user) co_return user.error();
    if (*user == 0 || *user == user_) co_return *user;
    log(Priority::warning, event::kRefusedCaller, fmt::format("a call of user {} was refused", *user),
        {{"NTPOPT_UID", std::to_string(*user)}});
    co_return Error{Errc::access_denied, "only root and the daemon's user may call the applier"};
}

/// Begins the work of a transaction whose number the caller is about to get.
Result<std::uint64_t> ApplierFace::go(Result<std::uint64_t> begun) {
    if (begun) tasks_.spawn("transaction", transactions_.run());
    return begun;
}

void ApplierFace::Observe(sdbus::Result<wire::Dict>&& result) {
    take(std::move(result), [this](uid_t) { return observe(); });
}

awaitable<Result<wire::Dict>> ApplierFace::observe() {
    const auto seen = co_await transactions_.observe();
    if (!seen) co_return seen.error();
    co_return wire::Dict(to_json(*seen));
}

void ApplierFace::Plan(sdbus::Result<wire::Dict>&& result, wire::SmallRows servers, wire::SmallDict) {
    take(std::move(result), [this, servers](uid_t) { return plan(servers.value); });
}

awaitable<Result<wire::Dict>> ApplierFace::plan(Json servers) {
    auto choices = parse_choices(servers);
    if (!choices) co_return choices.error();
    auto description = co_await transactions_.plan(std::move(*choices));
    if (!description) co_return description.error();
    co_return wire::Dict(std::move(*description));
}

void ApplierFace::Apply(sdbus::Result<std::uint64_t>&& result, wire::SmallRows servers, wire::SmallDict options) {
    const auto asked = read_options(options, {"by_hand"});
    take(std::move(result),
         [this, servers, asked](uid_t) { return apply(servers.value, asked.has("by_hand"), asked.evidence); });
}

awaitable<Result<std::uint64_t>> ApplierFace::apply(Json servers, bool by_hand, EvidenceMark evidence) {
    auto choices = parse_choices(servers);
    if (!choices) co_return choices.error();
    co_return go(co_await transactions_.begin_apply(std::move(*choices), by_hand, std::move(evidence)));
}

void ApplierFace::Rollback(sdbus::Result<std::uint64_t>&& result, wire::SmallDict options) {
    const auto asked = read_options(options, {"original", "dry_run"});
    take(std::move(result), [this, asked](uid_t user) {
        const bool original = asked.has("original");
        return asked.has("dry_run") ? can_roll_back(original, user == 0)
                                    : roll_back(original, user == 0, asked.evidence);
    });
}

awaitable<Result<std::uint64_t>> ApplierFace::can_roll_back(bool original, bool by_root) {
    const auto possible = co_await transactions_.can_roll_back(original, by_root);
    if (!possible) co_return possible.error();
    co_return std::uint64_t{0};
}

awaitable<Result<std::uint64_t>> ApplierFace::roll_back(bool original, bool by_root, EvidenceMark evidence) {
    co_return go(co_await transactions_.begin_rollback(original, by_root, std::move(evidence)));
}

void ApplierFace::Reconverge(sdbus::Result<std::uint64_t>&& result, wire::SmallDict options) {
    const auto asked = read_options(options, {});
    take(std::move(result), [this, asked](uid_t) { return reconverge(asked.evidence); });
}

awaitable<Result<std::uint64_t>> ApplierFace::reconverge(EvidenceMark evidence) {
    co_return go(co_await transactions_.begin_reconverge(std::move(evidence)));
}

void ApplierFace::GetTransaction(sdbus::Result<wire::Dict>&& result, std::uint64_t id) {
    take(std::move(result), [this, id](uid_t) { return transaction(id); });
}

awaitable<Result<wire::Dict>> ApplierFace::transaction(std::uint64_t id) {
    const auto report = transactions_.report(id);
    if (!report) co_return report.error();
    co_return wire::Dict(to_json(*report));
}

std::uint64_t ApplierFace::OpenTransaction() {
    return transactions_.open();
}

}  // namespace ntpopt
