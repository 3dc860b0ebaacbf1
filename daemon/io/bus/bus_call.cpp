// Implementation of bus_call.hpp.
#include "daemon/io/bus/bus_call.hpp"

#include <fmt/format.h>

#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

/// What a call waits for: the timer is its deadline, and cancelling it from the bus's callback only posts the waiting
/// coroutine, so that nothing is resumed inside the dispatch.
struct Pending {
    explicit Pending(const boost::asio::any_io_executor& executor) : timer(executor) {}
    boost::asio::steady_timer timer;
    std::optional<Result<sdbus::MethodReply>> result;
};

/// Our own timer is the deadline; sd-bus keeps none, so that it need not wake us.
constexpr std::uint64_t kNoTimeout = UINT64_MAX;

/// Whether answers of that name carry just it as their sender.
bool is_known_sender(const std::string& service) {
    return service == contract::kBusName || service.starts_with(':');
}

}  // namespace

void GivingUp::give_up() {
    given_up_ = true;
    if (wake_) wake_();
}

BusObject::BusObject(BusPump& pump, std::string service, std::string path)
    : pump_(pump),
      service_(std::move(service)),
      proxy_(sdbus::createProxy(pump.connection(), service_, std::move(path))) {}

boost::asio::awaitable<Result<sdbus::MethodReply>> BusObject::call(sdbus::MethodCall message, Duration deadline,
                                                                   std::shared_ptr<GivingUp> giving_up) {
    auto pending = std::make_shared<Pending>(pump_.executor());
    sdbus::PendingAsyncCall handle;
    try {
        handle = proxy_->callMethod(
            message,
            [pending, callee = service_](sdbus::MethodReply& reply, const sdbus::Error* error) {
                if (error)
                    pending->result = from_bus(*error);
                else if (is_known_sender(callee) && reply.getSender() != callee)
                    pending->result = Error{Errc::access_denied, "an answer in the name of " + callee + " was forged"};
                else
                    pending->result = reply;
                pending->timer.cancel();
            },
            kNoTimeout);
    } catch (const sdbus::Error& e) {
        co_return from_bus(e);
    }
    pump_.kick();
    if (giving_up) giving_up->wake_ = [pending] { pending->timer.cancel(); };
    pending->timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline));
    co_await pending->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (giving_up) giving_up->wake_ = nullptr;
    if (pending->result) co_return std::move(*pending->result);
    handle.cancel();
    co_return Error{Errc::timeout, fmt::format("no answer from {} in {}", service_, render_duration(deadline))};
}

void BusObject::send(sdbus::MethodCall message) {
    try {
        message.dontExpectReply();
        proxy_->callMethod(message);
    } catch (const sdbus::Error&) {
        return;  // the bus is lost, and the pump says so
    }
    pump_.kick();
}

}  // namespace ntpopt
