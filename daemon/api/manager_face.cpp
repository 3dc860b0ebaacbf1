// Implementation of manager_face.hpp: calls. The signals are in manager_signals.cpp, the properties in
// manager_properties.cpp.
#include "daemon/api/manager_face.hpp"

#include <algorithm>
#include <type_traits>

#include "common/text.hpp"
#include "common/version.hpp"
#include "daemon/api/guard.hpp"
#include "daemon/api/requests.hpp"
#include "dbus/compat.hpp"
#include "dbus/contract.hpp"
#include "dbus/errors.hpp"

namespace ntpopt {
namespace {

using boost::asio::awaitable;

/// Calls of one connection that may wait for their answer at a time, and of all. The system bus gives one user 256
/// connections, so that nobody can use up alone what all share.
constexpr int kPendingOfOne = 8;
constexpr std::size_t kPendingInAll = 4096;
constexpr std::size_t kMaxChannel = 64;
constexpr const char* kLimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";

template <typename T>
T or_throw(Result<T> result) {
    if (!result) throw to_bus(result.error());
    return *std::move(result);
}

Result<std::tuple<>> nothing(const Status& status) {
    if (!status) return status.error();
    return std::tuple<>();
}

template <typename Out, typename T>
Result<std::tuple<Out>> one(Result<T> value) {
    if (!value) return value.error();
    return std::tuple<Out>(Out(*std::move(value)));
}

/// Sends an answer or an error; the one to hear it, or the bus, may be gone, which is nobody's failure.
template <typename... Out>
void send(const sdbus::Result<Out...>& result, const Result<std::tuple<Out...>>& outcome) {
    try {
        if (!outcome) return result.returnError(to_bus(outcome.error()));
        std::apply([&](const auto&... values) { result.returnResults(values...); }, *outcome);
    } catch (const sdbus::Error& e) {
        try {
            result.returnError(to_bus({Errc::internal, e.getMessage()}));
        } catch (const sdbus::Error&) {
            // The connection is lost; the pump says so.
        }
    }
}

}  // namespace

ManagerFace::ManagerFace(BusPump& pump, TaskGroup& tasks, Control& control, Authority& authority)
    : AdaptorInterfaces(pump.connection(), contract::kManagerPath),
      pump_(pump),
      tasks_(tasks),
      control_(control),
      authority_(authority),
      senders_(pump),
      told_(control.snapshot()) {
    registerAdaptor();
    pump_.kick();
}

ManagerFace::~ManagerFace() {
    *alive_ = false;
    unregisterAdaptor();
}

// ---- calls

template <typename... Out>
std::optional<Caller> ManagerFace::enter(const sdbus::Result<Out...>& result) {
    Caller caller;
    caller.unique_name = compat::current_sender(getObject());
    caller.interactive = compat::current_call_is_interactive(getObject());
    auto& pending = pending_[caller.unique_name];
    if (pending >= kPendingOfOne || pending_in_all_ >= kPendingInAll) {
        if (pending == 0) pending_.erase(caller.unique_name);
        result.returnError(sdbus::Error(kLimitsExceeded, "too many calls at once"));
        return std::nullopt;
    }
    ++pending;
    ++pending_in_all_;
    return caller;
}

void ManagerFace::leave(const std::string& sender) {
    --pending_in_all_;
    const auto found = pending_.find(sender);
    if (found != pending_.end() && --found->second == 0) pending_.erase(found);
}

template <typename... Out>
void ManagerFace::take(sdbus::Result<Out...>&& result, std::optional<Action> action,
                       std::type_identity_t<Work<Out...>> work) {
    guarded([&] {
        auto caller = enter(result);
        if (!caller) return;
        auto shared = std::make_shared<sdbus::Result<Out...>>(std::move(result));
        tasks_.spawn("bus call", serve<Out...>(std::move(shared), *std::move(caller), action, std::move(work)));
    });
}

template <typename... Out>
awaitable<void> ManagerFace::serve(std::shared_ptr<sdbus::Result<Out...>> result, Caller caller,
                                   std::optional<Action> action, Work<Out...> work) {
    const auto leaving = std::shared_ptr<void>(nullptr, [this, name = caller.unique_name](void*) { leave(name); });
    const auto admitted = co_await admit(std::move(caller), action);
    Result<std::tuple<Out...>> outcome = Error{};
    if (!admitted) {
        outcome = admitted.error();
    } else {
        try {
            outcome = co_await work(*admitted);
        } catch (const std::exception& e) {
            outcome = Error{Errc::internal, e.what()};
        }
    }
    send(*result, outcome);
    pump_.kick();
}

template <typename... Out>
Result<std::tuple<Out...>> ManagerFace::witnessed(const Caller& caller, const char* method, Json arguments,
                                                  Result<std::tuple<Out...>> outcome) {
    Operation operation{caller.user, method, std::move(arguments), outcome ? "" : outcome.error().detail, 0};
    if constexpr (std::is_same_v<std::tuple<Out...>, std::tuple<std::uint64_t>>)
        if (outcome) operation.run_id = std::get<0>(*outcome);
    control_.operated(operation);
    return outcome;
}

awaitable<Result<Caller>> ManagerFace::admit(Caller caller, std::optional<Action> action) {
    const auto user = co_await senders_.user_of(caller.unique_name);
    if (!user) co_return Error{Errc::access_denied, user.error().detail};
    caller.user = *user;
    if (action) {
        const auto allowed = co_await authority_.allow(caller, *action);
        if (!allowed) co_return allowed.error();
    }
    co_return caller;
}

void ManagerFace::Reoptimize(sdbus::Result<std::uint64_t>&& result, wire::Dict options) {
    take<std::uint64_t>(std::move(result), Action::reoptimize,
                        [this, options](Caller caller) -> awaitable<Result<std::tuple<std::uint64_t>>> {
                            const auto dry_run = parse_flag(options.value, "dry_run");
                            if (!dry_run) co_return dry_run.error();
                            co_return witnessed(caller, "Reoptimize", Json{{"dry_run", *dry_run}},
                                                one<std::uint64_t>(control_.reoptimize(*dry_run)));
                        });
}

void ManagerFace::GetRun(sdbus::Result<wire::Dict>&& result, std::uint64_t run_id) {
    take<wire::Dict>(std::move(result), std::nullopt,
                     [this, run_id](Caller caller) -> awaitable<Result<std::tuple<wire::Dict>>> {
                         co_return one<wire::Dict>(control_.run(run_id, caller.is_root()));
                     });
}

void ManagerFace::GetStatus(sdbus::Result<wire::Dict>&& result) {
    take<wire::Dict>(std::move(result), std::nullopt, [this](Caller) -> awaitable<Result<std::tuple<wire::Dict>>> {
        auto status = co_await control_.status();
        co_return std::tuple(wire::Dict(std::move(status)));
    });
}

wire::Dict ManagerFace::GetMetrics() {
    return guarded([&] { return wire::Dict(control_.metrics()); });
}

wire::Rows ManagerFace::ListServers() {
    return guarded([&] { return wire::Rows(control_.servers()); });
}

wire::Dict ManagerFace::Explain(const std::string& server) {
    return guarded([&] {
        std::optional<Endpoint> endpoint;
        if (!server.empty()) endpoint = or_throw(parse_server(server));
        return wire::Dict(or_throw(control_.explain(endpoint)));
    });
}

wire::Rows ManagerFace::GetHistory(const wire::Dict& query) {
    return guarded([&] {
        wire::Rows rows;
        rows.next = or_throw(control_.history(or_throw(parse_history_query(query.value))));
        return rows;
    });
}

wire::Rows ManagerFace::ListBlacklist() {
    return guarded([&] { return wire::Rows(control_.blacklist()); });
}

void ManagerFace::Blacklist(sdbus::Result<>&& result, std::string server, std::uint64_t for_usec) {
    take<>(std::move(result), Action::configure,
           [this, server, for_usec](Caller caller) -> awaitable<Result<std::tuple<>>> {
               const auto endpoint = parse_server(server);
               if (!endpoint) co_return endpoint.error();
               const auto time = parse_usec("the time on the blacklist", for_usec);
               if (!time) co_return time.error();
               co_return witnessed(caller, "Blacklist", Json{{"server", endpoint->text()}, {"for_usec", for_usec}},
                                   nothing(control_.add_to_blacklist(
                                       *endpoint, for_usec == 0 ? std::nullopt : std::optional<Duration>(*time))));
           });
}

void ManagerFace::Unblacklist(sdbus::Result<>&& result, std::string server) {
    take<>(std::move(result), Action::configure, [this, server](Caller caller) -> awaitable<Result<std::tuple<>>> {
        const auto endpoint = parse_server(server);
        if (!endpoint) co_return endpoint.error();
        co_return witnessed(caller, "Unblacklist", Json{{"server", endpoint->text()}},
                            nothing(control_.remove_from_blacklist(*endpoint)));
    });
}

void ManagerFace::SetInterval(sdbus::Result<>&& result, std::uint64_t interval_usec) {
    take<>(
        std::move(result), Action::configure, [this, interval_usec](Caller caller) -> awaitable<Result<std::tuple<>>> {
            const auto interval = parse_usec("the interval", interval_usec);
            if (!interval) co_return interval.error();
            co_return witnessed(
                caller, "SetInterval", Json{{"interval_usec", interval_usec}},
                nothing(control_.set_interval(interval_usec == 0 ? std::nullopt : std::optional<Duration>(*interval))));
        });
}

void ManagerFace::Rollback(sdbus::Result<std::uint64_t>&& result, wire::Dict options) {
    take<std::uint64_t>(std::move(result), Action::rollback,
                        [this, options](Caller caller) -> awaitable<Result<std::tuple<std::uint64_t>>> {
                            const auto original = parse_flag(options.value, "original");
                            if (!original) co_return original.error();
                            auto run_id = co_await control_.rollback(*original);
                            co_return witnessed(caller, "Rollback", Json{{"original", *original}},
                                                one<std::uint64_t>(std::move(run_id)));
                        });
}

void ManagerFace::Reload(sdbus::Result<>&& result) {
    take<>(std::move(result), Action::configure, [this](Caller caller) -> awaitable<Result<std::tuple<>>> {
        co_return witnessed(caller, "Reload", Json::object(), nothing(control_.reload()));
    });
}

void ManagerFace::TestNotice(sdbus::Result<wire::Rows>&& result, std::string channel) {
    take<wire::Rows>(
        std::move(result), Action::configure,
        [this, channel](Caller caller) -> awaitable<Result<std::tuple<wire::Rows>>> {
            if (printable(channel, kMaxChannel) != channel)
                co_return Error{Errc::invalid_argument, "no channel has such a name"};
            auto rows = co_await control_.test_notice(channel);
            co_return witnessed(caller, "TestNotice", Json{{"channel", channel}}, one<wire::Rows>(std::move(rows)));
        });
}

wire::Dict ManagerFace::GetConfig() {
    return guarded([&] { return wire::Dict(control_.config()); });
}

wire::Rows ManagerFace::GetEvidence(const wire::Dict& query) {
    return guarded(
        [&] { return wire::Rows(or_throw(control_.evidence(or_throw(parse_evidence_query(query.value))))); });
}

void ManagerFace::VerifyEvidence(sdbus::Result<wire::Dict>&& result) {
    take<wire::Dict>(std::move(result), std::nullopt, [this](Caller) -> awaitable<Result<std::tuple<wire::Dict>>> {
        auto verified = co_await control_.verify_evidence();
        co_return one<wire::Dict>(std::move(verified));
    });
}

}  // namespace ntpopt
