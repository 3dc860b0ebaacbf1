// Calls of other services over our one connection, as coroutines: each has a deadline, none blocks the loop, and the
// coroutine goes on from the loop, never from inside the bus's dispatch.
#pragma once

#include <sdbus-c++/IProxy.h>
#include <sdbus-c++/Message.h>

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "dbus/errors.hpp"

namespace ntpopt {

/// One object of one service. It must outlive its calls.
class BusObject {
  public:
    /// `service` may be a well-known or a unique name; nothing is sent before the first call.
    BusObject(BusPump& pump, std::string service, std::string path);

    /// A call with its arguments, to be handed to call().
    template <typename... Arguments>
    [[nodiscard]] sdbus::MethodCall message(std::string_view interface, std::string_view member,
                                            const Arguments&... arguments) {
        auto call = proxy_->createMethodCall(std::string(interface), std::string(member));
        (void)(static_cast<sdbus::Message&>(call) << ... << arguments);
        return call;
    }

    /// The answer. Errors: what the other side said (see dbus/errors.hpp), Errc::unavailable where there is no such
    /// service, Errc::timeout after `deadline`.
    boost::asio::awaitable<Result<sdbus::MethodReply>> call(sdbus::MethodCall message, Duration deadline);

    /// The one value in the answer.
    template <typename Value>
    boost::asio::awaitable<Result<Value>> call_for(sdbus::MethodCall message, Duration deadline) {
        auto reply = co_await call(std::move(message), deadline);
        if (!reply) co_return reply.error();
        co_return unpack<Value>(*reply);
    }

    /// Reads one value of an answer; Errc::parse where it is of another type.
    template <typename Value>
    [[nodiscard]] static Result<Value> unpack(sdbus::Message& reply) {
        try {
            Value value{};
            reply >> value;
            return value;
        } catch (const sdbus::Error& e) {
            return Error{Errc::parse, from_bus(e).detail};
        }
    }

    [[nodiscard]] const std::string& service() const { return service_; }

  private:
    BusPump& pump_;
    std::string service_;
    std::unique_ptr<sdbus::IProxy> proxy_;
};

}  // namespace ntpopt
