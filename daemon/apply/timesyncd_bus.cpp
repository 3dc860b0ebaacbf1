// Implementation of timesyncd_bus.hpp.
#include "daemon/apply/timesyncd_bus.hpp"

#include <sdbus-c++/Types.h>

#include <array>
#include <cstdint>
#include <map>

#include "daemon/core/plan/timesyncd_config.hpp"
#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr const char* kName = "org.freedesktop.timesync1";
constexpr const char* kPath = "/org/freedesktop/timesync1";
constexpr const char* kManager = "org.freedesktop.timesync1.Manager";
constexpr Duration kDeadline = std::chrono::seconds(5);
constexpr int kInternet6 = 10;  ///< AF_INET6; the other is AF_INET

using Properties = std::map<std::string, sdbus::Variant>;

/// The property NTPMessage: leap, version, mode, stratum, precision, root delay, root dispersion, reference identifier,
/// T1, T2, T3, T4, spike, packets, jitter. Times in microseconds.
using WireMessage = sdbus::Struct<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::int32_t,
                                  std::uint64_t, std::uint64_t, std::vector<std::uint8_t>, std::uint64_t, std::uint64_t,
                                  std::uint64_t, std::uint64_t, bool, std::uint64_t, std::uint64_t>;
using WireAddress = sdbus::Struct<std::int32_t, std::vector<std::uint8_t>>;

double to_s(std::uint64_t usec) {
    return static_cast<double>(usec) * 1e-6;
}

template <typename Value>
std::optional<Value> value_of(const Properties& properties, const char* name) {
    const auto found = properties.find(name);
    if (found == properties.end()) return std::nullopt;
    try {
        return found->second.get<Value>();
    } catch (const sdbus::Error&) {
        return std::nullopt;
    }
}

std::vector<std::string> names_in(const Properties& properties, const char* name) {
    auto names = value_of<std::vector<std::string>>(properties, name).value_or(std::vector<std::string>());
    if (names.size() > kMaxTimesyncdServers) names.resize(kMaxTimesyncdServers);
    return names;
}

std::optional<Address> address_in(const Properties& properties) {
    const auto wire = value_of<WireAddress>(properties, "ServerAddress");
    if (!wire) return std::nullopt;
    const auto& bytes = std::get<1>(*wire);
    if (std::get<0>(*wire) == kInternet6 && bytes.size() == 16) {
        std::array<std::uint8_t, 16> octets{};
        std::copy(bytes.begin(), bytes.end(), octets.begin());
        return Address::v6(octets);
    }
    if (bytes.size() != 4) return std::nullopt;
    return Address::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

TimesyncdMessage message_in(const Properties& properties) {
    TimesyncdMessage message;
    const auto wire = value_of<WireMessage>(properties, "NTPMessage");
    if (!wire) return message;
    message.leap = static_cast<int>(std::get<0>(*wire) & 3);
    message.stratum = static_cast<int>(std::get<3>(*wire) & 0xff);
    message.root_delay_s = to_s(std::get<5>(*wire));
    message.root_dispersion_s = to_s(std::get<6>(*wire));
    message.origin_usec = std::get<8>(*wire);
    message.receive_usec = std::get<9>(*wire);
    message.transmit_usec = std::get<10>(*wire);
    message.destination_usec = std::get<11>(*wire);
    message.spike = std::get<12>(*wire);
    message.packet_count = std::get<13>(*wire);
    message.jitter_s = to_s(std::get<14>(*wire));
    return message;
}

}  // namespace

TimesyncdBus::TimesyncdBus(BusPump& pump) : pump_(pump), bus_(pump, contract::kBusName, contract::kBusPath) {}

asio::awaitable<Result<std::string>> TimesyncdBus::owner(pid_t pid) {
    auto question = bus_.message(contract::kBusInterface, "GetNameOwner", std::string(kName));
    auto name = co_await bus_.call_for<std::string>(std::move(question), kDeadline);
    if (!name) co_return name.error();
    auto whose = bus_.message(contract::kBusInterface, "GetConnectionUnixProcessID", *name);
    const auto owner_pid = co_await bus_.call_for<std::uint32_t>(std::move(whose), kDeadline);
    if (!owner_pid) co_return owner_pid.error();
    if (*owner_pid != static_cast<std::uint32_t>(pid))
        co_return Error{Errc::unavailable, "the name of systemd-timesyncd on the bus belongs to another process"};
    co_return std::move(*name);
}

asio::awaitable<Result<TimesyncdStatus>> TimesyncdBus::status(pid_t pid) {
    auto name = co_await owner(pid);
    if (!name) co_return name.error().in("ask systemd-timesyncd");
    BusObject manager(pump_, std::move(*name), kPath);
    auto question = manager.message(contract::kPropertiesInterface, "GetAll", std::string(kManager));
    const auto properties = co_await manager.call_for<Properties>(std::move(question), kDeadline);
    if (!properties) co_return properties.error().in("ask systemd-timesyncd");

    TimesyncdStatus status;
    // The property came together with the method that sets it.
    status.live = properties->contains("RuntimeNTPServers");
    status.runtime = names_in(*properties, "RuntimeNTPServers");
    status.system = names_in(*properties, "SystemNTPServers");
    status.link = names_in(*properties, "LinkNTPServers");
    status.fallback = names_in(*properties, "FallbackNTPServers");
    status.server_name = value_of<std::string>(*properties, "ServerName").value_or("");
    status.server_address = address_in(*properties);
    status.poll_usec = value_of<std::uint64_t>(*properties, "PollIntervalUSec").value_or(0);
    status.message = message_in(*properties);
    co_return status;
}

asio::awaitable<Status> TimesyncdBus::set_servers(pid_t pid, std::vector<std::string> servers) {
    auto name = co_await owner(pid);
    if (!name) co_return name.error().in("tell systemd-timesyncd its servers");
    BusObject manager(pump_, std::move(*name), kPath);
    auto order = manager.message(kManager, "SetRuntimeNTPServers", servers);
    const auto done = co_await manager.call(std::move(order), kDeadline);
    if (!done) co_return done.error().in("tell systemd-timesyncd its servers");
    co_return Status();
}

}  // namespace ntpopt
