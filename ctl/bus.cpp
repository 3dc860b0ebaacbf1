// Implementation of bus.hpp.
#include "ctl/bus.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "dbus/contract.hpp"

namespace ntpopt::ctl {
namespace {

std::uint64_t to_usec(Duration duration) {
    return static_cast<std::uint64_t>(std::max<Duration::rep>(duration / std::chrono::microseconds(1), 1));
}

Json arguments_of(sdbus::Message& signal) {
    auto arguments = Json::array();
    for (;;) {
        std::string type;
        std::string contents;
        signal.peekType(type, contents);
        if (type.empty() || type.front() == '\0') return arguments;
        arguments.push_back(wire::read_value(signal));
    }
}

}  // namespace

Bus::Bus(std::unique_ptr<sdbus::IConnection> connection, Duration timeout)
    : connection_(std::move(connection)), timeout_(timeout) {}

Result<std::unique_ptr<Bus>> Bus::connect(const std::string& host, Duration timeout) {
    try {
        auto connection =
            host.empty() ? sdbus::createSystemBusConnection() : sdbus::createRemoteSystemBusConnection(host);
        return std::unique_ptr<Bus>(new Bus(std::move(connection), timeout));
    } catch (const sdbus::Error& e) {
        const auto where = host.empty() ? std::string("the system bus") : fmt::format("the system bus of {}", host);
        return Error{Errc::unavailable, fmt::format("cannot reach {}: {}", where, from_bus(e).detail)};
    }
}

Status Bus::wait(Duration at_most) {
    try {
        bool handled = false;
        while (connection_->processPendingRequest())
            handled = true;
        if (handled) return {};
        const auto poll_data = connection_->getEventLoopPollData();
        pollfd descriptor{poll_data.fd, poll_data.events, 0};
        const auto limit = std::clamp<Duration::rep>(at_most / std::chrono::milliseconds(1), 0, 60'000);
        if (::poll(&descriptor, 1, static_cast<int>(limit)) < 0 && errno != EINTR) return io_error("waiting", errno);
        while (connection_->processPendingRequest()) {
        }
        return {};
    } catch (const sdbus::Error& e) {
        return Error{Errc::unavailable, "the bus is lost: " + from_bus(e).detail};
    }
}

Result<std::string> Bus::owner_of(const std::string& name) {
    Remote bus(*this, contract::kBusName, contract::kBusPath, contract::kBusInterface);
    auto owner = bus.value<std::string>("GetNameOwner", name);
    if (!owner && owner.error().code == Errc::unavailable) return std::string();
    return owner;
}

Remote::Remote(Bus& bus, std::string service, std::string path, std::string interface)
    : bus_(bus),
      service_(std::move(service)),
      path_(std::move(path)),
      interface_(std::move(interface)),
      proxy_(sdbus::createProxy(bus.connection(), service_, path_)) {}

Result<sdbus::MethodReply> Remote::send(const sdbus::MethodCall& call) {
    try {
        return proxy_->callMethod(call, to_usec(bus_.timeout()));
    } catch (const sdbus::Error& e) {
        auto error = from_bus(e);
        // "No reply" is also what the bus says of a service that died with the call in its hands.
        if (error.code == Errc::timeout && service_ != contract::kBusName) {
            const auto owner = bus_.owner_of(service_);
            if (owner && owner->empty()) return Error{Errc::unavailable, error.detail};
        }
        return error;
    }
}

Error Remote::unreadable(const char* member) const {
    return {Errc::parse, fmt::format("the answer of {} to {} is not what it should be", service_, member)};
}

Result<Json> Remote::property(const std::string& name) {
    auto reply = send(message(contract::kPropertiesInterface, "Get", interface_, name));
    if (!reply) return reply.error();
    try {
        return wire::read_value(*reply);
    } catch (const sdbus::Error&) {
        return unreadable(name.c_str());
    }
}

Status Remote::listen(const std::string& owner, OnSignal on_signal) {
    try {
        for (const auto* interface : {interface_.c_str(), contract::kPropertiesInterface}) {
            const auto rule =
                fmt::format("type='signal',sender='{}',path='{}',interface='{}'", owner, path_, interface);
            matches_.push_back(bus_.connection().addMatch(rule, [owner, on_signal](sdbus::Message& signal) {
                if (signal.getSender() != owner) return;
                try {
                    const auto arguments = arguments_of(signal);
                    on_signal(signal.getMemberName(), arguments);
                } catch (const sdbus::Error&) {
                    // A signal is a hint; one that cannot be read gives none.
                }
            }));
        }
        return {};
    } catch (const sdbus::Error& e) {
        return from_bus(e);
    }
}

Status Remote::watch_owner(std::function<void(const std::string&)> on_change) {
    try {
        const auto rule =
            fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='NameOwnerChanged',arg0='{}'",
                        contract::kBusName, contract::kBusPath, contract::kBusInterface, service_);
        matches_.push_back(bus_.connection().addMatch(rule, [on_change](sdbus::Message& signal) {
            if (signal.getSender() != contract::kBusName) return;
            try {
                const auto arguments = arguments_of(signal);
                if (arguments.size() == 3 && arguments[2].is_string()) on_change(arguments[2].get<std::string>());
            } catch (const sdbus::Error&) {
                // Only the bus itself can have sent it, and it sends nothing else.
            }
        }));
        return {};
    } catch (const sdbus::Error& e) {
        return from_bus(e);
    }
}

}  // namespace ntpopt::ctl
