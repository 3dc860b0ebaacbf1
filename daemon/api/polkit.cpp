// Implementation of polkit.hpp.
#include "daemon/api/polkit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

using boost::asio::awaitable;

constexpr const char* kName = "org.freedesktop.PolicyKit1";
constexpr const char* kPath = "/org/freedesktop/PolicyKit1/Authority";
constexpr const char* kInterface = "org.freedesktop.PolicyKit1.Authority";
constexpr std::uint32_t kAllowUserInteraction = 1;
constexpr Duration kOfTheBus = std::chrono::seconds(5);
/// polkit is started by the first question; systemd gives a service 90 s, nobody at a prompt waits that long.
constexpr Duration kOfTheStart = std::chrono::seconds(20);

using Details = std::map<std::string, std::string>;
using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
/// is_authorized, is_challenge, details.
using Verdict = sdbus::Struct<bool, bool, Details>;

const char* id_of(Action action) {
    switch (action) {
        case Action::reoptimize:
            return contract::kActionReoptimize;
        case Action::configure:
            return contract::kActionConfigure;
        case Action::rollback:
            return contract::kActionRollback;
    }
    return contract::kActionConfigure;
}

Status judge(const Verdict& verdict, const Caller& caller, const std::string& action) {
    if (std::get<0>(verdict)) return {};
    const auto& details = std::get<2>(verdict);
    if (const auto found = details.find("polkit.dismissed"); found != details.end() && !found->second.empty())
        return Error{Errc::access_denied, fmt::format("the authentication for {} was dismissed (polkit)", action)};
    if (!std::get<1>(verdict)) return Error{Errc::access_denied, fmt::format("polkit does not allow {}", action)};
    if (caller.interactive)
        return Error{Errc::not_authenticated,
                     fmt::format("authentication is required for {}, and nobody could be asked (polkit)", action)};
    return Error{Errc::not_authenticated, fmt::format("interactive authentication required for {} (polkit)", action)};
}

}  // namespace

Polkit::Polkit(BusPump& pump) : Polkit(pump, Limits()) {}

Polkit::Polkit(BusPump& pump, Limits limits)
    : pump_(pump), limits_(limits), bus_(pump, contract::kBusName, contract::kBusPath) {}

awaitable<Status> Polkit::allow(Caller caller, Action action) {
    if (caller.is_root()) co_return Status();
    if (stopped_) co_return Error{Errc::shutting_down, "ntpoptd is about to end"};
    if (checks_.size() >= limits_.in_all || pending_of(caller.user) >= limits_.of_one_user)
        co_return Error{Errc::busy, "too many callers wait for polkit's answer"};
    const auto check = begin(caller);
    const auto ending = std::shared_ptr<void>(nullptr, [this, check](void*) { end(check); });
    auto allowed = co_await ask(check, caller, id_of(action));
    if (stopped_) co_return Error{Errc::shutting_down, "ntpoptd is about to end"};
    // Whatever polkit said meanwhile: nobody is there to whom it was granted.
    if (check->caller_left) co_return Error{Errc::access_denied, "the caller left the bus"};
    co_return allowed;
}

void Polkit::stop() {
    stopped_ = true;
    for (auto& check : checks_)
        check.giving_up->give_up();
}

std::size_t Polkit::pending_of(uid_t user) const {
    return static_cast<std::size_t>(
        std::count_if(checks_.begin(), checks_.end(), [user](const Check& check) { return check.user == user; }));
}

Polkit::Checks::iterator Polkit::begin(const Caller& caller) {
    if (!departures_) {
        // One match for all, of names that go away only; a bus at rest must not wake a daemon that nobody asks.
        departures_ = pump_.connection().addMatch(
            fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='NameOwnerChanged',arg2=''",
                        contract::kBusName, contract::kBusPath, contract::kBusInterface),
            [this](sdbus::Message& signal) { hear_of_departure(signal); });
        pump_.kick();
    }
    return checks_.insert(checks_.end(), {caller.unique_name, caller.user, fmt::format("ntpoptd-{}", ++last_id_)});
}

void Polkit::end(Checks::iterator check) {
    checks_.erase(check);
    if (!checks_.empty()) return;
    departures_.reset();
    pump_.kick();
}

void Polkit::hear_of_departure(sdbus::Message& signal) {
    if (signal.getSender() != contract::kBusName) return;
    std::string name;
    try {
        signal >> name;
    } catch (const sdbus::Error&) {
        return;  // the bus itself sends nothing else
    }
    for (auto& check : checks_) {
        if (check.caller != name) continue;
        check.caller_left = true;
        check.giving_up->give_up();
    }
}

awaitable<Result<std::string>> Polkit::owner(std::shared_ptr<GivingUp> giving_up) {
    auto first = bus_.message(contract::kBusInterface, "GetNameOwner", std::string(kName));
    auto found = co_await bus_.call_for<std::string>(std::move(first), kOfTheBus);
    if (found || found.error().code != Errc::unavailable || giving_up->was_given_up()) co_return found;
    auto start = bus_.message(contract::kBusInterface, "StartServiceByName", std::string(kName), std::uint32_t{0});
    const auto started = co_await bus_.call(std::move(start), kOfTheStart, giving_up);
    if (!started) co_return started.error();
    auto again = bus_.message(contract::kBusInterface, "GetNameOwner", std::string(kName));
    co_return co_await bus_.call_for<std::string>(std::move(again), kOfTheBus);
}

awaitable<Status> Polkit::ask(Checks::iterator check, Caller caller, std::string action) {
    const auto no_answer = [&action](const Error& error) {
        return Error{Errc::access_denied, fmt::format("polkit cannot be asked about {} ({}); without it only root may",
                                                      action, error.detail)};
    };
    const auto name = co_await owner(check->giving_up);
    if (!name) co_return no_answer(name.error());
    if (check->giving_up->was_given_up()) co_return Error{Errc::access_denied, "the caller left the bus"};
    // The unique name, so that a forged answer is known by its sender.
    BusObject polkit(pump_, *name, kPath);
    const std::map<std::string, sdbus::Variant> who{{"name", sdbus::Variant(caller.unique_name)}};
    const Subject subject("system-bus-name", who);
    auto question = polkit.message(kInterface, "CheckAuthorization", subject, action, Details(),
                                   caller.interactive ? kAllowUserInteraction : 0U, check->cancellation_id);
    const auto patience = caller.interactive ? limits_.password : limits_.answer;
    auto reply = co_await polkit.call(std::move(question), patience, check->giving_up);
    if (!reply && (check->giving_up->was_given_up() || reply.error().code == Errc::timeout))
        polkit.send(polkit.message(kInterface, "CancelCheckAuthorization", check->cancellation_id));
    if (!reply) co_return no_answer(reply.error());
    const auto verdict = BusObject::unpack<Verdict>(*reply);
    if (!verdict) co_return no_answer(verdict.error());
    co_return judge(*verdict, caller, action);
}

}  // namespace ntpopt
