// Implementation of sender.hpp.
#include "daemon/io/bus/sender.hpp"

#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxKnown = 1024;
constexpr Duration kDeadline = std::chrono::seconds(5);

}  // namespace

Senders::Senders(BusPump& pump) : bus_(pump, contract::kBusName, contract::kBusPath) {}

boost::asio::awaitable<Result<uid_t>> Senders::user_of(std::string unique_name) {
    if (const auto found = known_.find(unique_name); found != known_.end()) co_return found->second;
    auto message = bus_.message(contract::kBusInterface, "GetConnectionUnixUser", unique_name);
    auto user = co_await bus_.call_for<std::uint32_t>(std::move(message), kDeadline);
    if (!user) co_return user.error().in("cannot tell who calls");
    if (known_.emplace(unique_name, *user).second) oldest_first_.push_back(std::move(unique_name));
    if (oldest_first_.size() > kMaxKnown) {
        known_.erase(oldest_first_.front());
        oldest_first_.pop_front();
    }
    co_return *user;
}

}  // namespace ntpopt
