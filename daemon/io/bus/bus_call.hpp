// Calls of other services over our one connection, as coroutines: each has a deadline, none blocks the loop, and the
// coroutine goes on from the loop, never from inside the bus's dispatch.
#pragma once

#include <sdbus-c++/IProxy.h>
#include <sdbus-c++/Message.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "dbus/errors.hpp"

namespace ntpopt {

/// Ends a call early, before its answer and its deadline; for whoever learns that nobody waits for it any more.
class GivingUp {
  public:
    /// May be called from inside the bus's dispatch: it only posts.
    void give_up();
    [[nodiscard]] bool was_given_up() const { return given_up_; }

  private:
    friend class BusObject;
    bool given_up_ = false;
    std::function<void()> wake_;
};

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
    /// service, Errc::timeout after `deadline`. An answer that somebody else than the called one forged (a reply says
    /// by a number that can be guessed what it answers) is an error where the callee is the bus or a unique name; of
    /// other names the owner is not known here. `giving_up` may end it early, as a time-out.
    boost::asio::awaitable<Result<sdbus::MethodReply>> call(sdbus::MethodCall message, Duration deadline,
                                                            std::shared_ptr<GivingUp> giving_up = nullptr);

    /// A call whose answer nobody wants; failures are not told.
    void send(sdbus::MethodCall message);

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
