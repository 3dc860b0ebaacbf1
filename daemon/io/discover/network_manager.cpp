// Implementation of network_manager.hpp: properties, read one object after the other.
#include "daemon/io/discover/network_manager.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "common/text.hpp"
#include "daemon/core/discover/leases.hpp"
#include "daemon/io/bus/bus_call.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxConnections = 16;
constexpr const char* kManager = "org.freedesktop.NetworkManager";
constexpr const char* kManagerPath = "/org/freedesktop/NetworkManager";
constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr std::size_t kMaxZone = 100;

using Options = std::map<std::string, sdbus::Variant>;

/// A variant of another type than expected is an error. (A Result<sdbus::Variant> cannot be: it takes errors for
/// values.)
template <typename Value>
Result<Value> unpack(sdbus::MethodReply& reply, const std::string& name) {
    try {
        sdbus::Variant value;
        reply >> value;
        if (value.template containsValueOfType<Value>()) return value.template get<Value>();
    } catch (const sdbus::Error& e) {
        return Error{Errc::parse, from_bus(e).detail};
    }
    return Error{Errc::parse, "the property " + name + " has another type"};
}

template <typename Value>
asio::awaitable<Result<Value>> property(BusPump* pump, std::string service, std::string path, std::string interface,
                                        std::string name, Duration deadline) {
    BusObject object(*pump, std::move(service), std::move(path));
    auto message = object.message(kProperties, "Get", interface, name);
    auto reply = co_await object.call(std::move(message), deadline);
    if (!reply) co_return reply.error();
    co_return unpack<Value>(*reply, name);
}

asio::awaitable<bool> is_running(BusPump* pump, std::string name, Duration deadline) {
    BusObject bus(*pump, "org.freedesktop.DBus", "/org/freedesktop/DBus");
    auto message = bus.message("org.freedesktop.DBus", "NameHasOwner", name);
    const auto owned = co_await bus.call_for<bool>(std::move(message), deadline);
    co_return owned&&* owned;
}

void take(const Options& options, std::vector<Host>& out) {
    for (const auto* key : {"ntp_servers", "dhcp6_ntp_servers", "dhcp6_sntp_servers"}) {
        const auto found = options.find(key);
        if (found == options.end() || !found->second.containsValueOfType<std::string>()) continue;
        for (auto& host : parse_lease_servers(found->second.get<std::string>()))
            out.push_back(std::move(host));
    }
}

}  // namespace

asio::awaitable<Result<std::vector<Host>>> ask_network_manager(BusPump* pump, Duration call_deadline) {
    std::vector<Host> out;
    if (!co_await is_running(pump, kManager, call_deadline)) co_return out;
    const auto active = co_await property<std::vector<sdbus::ObjectPath>>(pump, kManager, kManagerPath, kManager,
                                                                          "ActiveConnections", call_deadline);
    if (!active) co_return active.error();
    for (std::size_t i = 0; i < std::min(active->size(), kMaxConnections); ++i) {
        for (const std::string family : {"4", "6"}) {
            const std::string connection = active->at(i);
            const auto config = co_await property<sdbus::ObjectPath>(pump, kManager, connection,
                                                                     "org.freedesktop.NetworkManager.Connection.Active",
                                                                     "Dhcp" + family + "Config", call_deadline);
            // Of many calls that take their whole time, the first one is enough.
            if (!config && config.error().code == Errc::timeout) co_return config.error();
            // A connection may end while we ask, and one without a lease has the path "/".
            if (!config || *config == "/") continue;
            const std::string lease = *config;
            const auto options = co_await property<Options>(pump, kManager, lease,
                                                            "org.freedesktop.NetworkManager.DHCP" + family + "Config",
                                                            "Options", call_deadline);
            if (!options && options.error().code == Errc::timeout) co_return options.error();
            if (options) take(*options, out);
        }
    }
    co_return out;
}

asio::awaitable<Result<std::string>> ask_time_zone(BusPump* pump, Duration call_deadline) {
    auto zone = co_await property<std::string>(pump, "org.freedesktop.timedate1", "/org/freedesktop/timedate1",
                                               "org.freedesktop.timedate1", "Timezone", call_deadline);
    if (zone && (zone->size() > kMaxZone || printable(*zone) != *zone))
        co_return Error{Errc::parse, "the time zone is no name"};
    co_return zone;
}

}  // namespace ntpopt
