// The pump and the calls over it, on a real private bus.
#include <gmock/gmock.h>
#include <sdbus-c++/sdbus-c++.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/io/bus/bus_call.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/sender.hpp"
#include "dbus/contract.hpp"
#include "dbus/wire.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/bus/harness/private_bus.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using test::Loop;
using test::Policies;
using test::PrivateBus;

/// One side of the bus: a connection with its pump on the test's loop.
struct Side {
    explicit Side(Loop& loop)
        : connection(sdbus::createSystemBusConnection()),
          pump(loop.io, *connection, [this](const Error& error) { lost.push_back(error.detail); }) {}

    std::unique_ptr<sdbus::IConnection> connection;
    std::vector<std::string> lost;
    BusPump pump;
};

class Pump : public testing::Test {
  protected:
    /// A service that answers Echo, and keeps the calls of Never without an answer.
    void serve(Side& side) {
        object_ = sdbus::createObject(*side.connection, "/test");
        object_->registerMethod("Echo").onInterface("test.Test").implementedAs([](const std::string& text) {
            return text;
        });
        object_->registerMethod("Never")
            .onInterface("test.Test")
            .implementedAs([this](sdbus::Result<std::string>&& result) { kept_.push_back(std::move(result)); });
        object_->registerMethod("Large").onInterface("test.Test").implementedAs([](const std::uint32_t& size) {
            return std::string(size, 'x');
        });
        object_->finishRegistration();
        side.connection->requestName("test.Test");
        side.pump.kick();
    }

    PrivateBus bus_{Policies::permissive};
    Loop loop_;
    Side server_{loop_};
    Side client_{loop_};
    std::unique_ptr<sdbus::IObject> object_;
    std::vector<sdbus::Result<std::string>>
        kept_;  // after the connections: an answer kept longer than they live is fatal
};

awaitable<Result<std::string>> echo(BusObject& object, std::string text) {
    auto message = object.message("test.Test", "Echo", text);
    co_return co_await object.call_for<std::string>(std::move(message), 5s);
}

awaitable<Result<std::string>> never(BusObject& object, Duration deadline) {
    auto message = object.message("test.Test", "Never");
    co_return co_await object.call_for<std::string>(std::move(message), deadline);
}

TEST_F(Pump, CarriesACallAndItsAnswer) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    EXPECT_EQ(loop_.run(echo(object, "hello")).value(), "hello");
}

TEST_F(Pump, ManyCallsAtOnceAreAllAnswered) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    // The system bus keeps at most 128 answers pending for one connection.
    int answered = 0;
    for (int i = 0; i < 120; ++i) {
        boost::asio::co_spawn(loop_.io, echo(object, std::to_string(i)),
                              [&, i](const std::exception_ptr&, const Result<std::string>& text) {
                                  answered += text && *text == std::to_string(i) ? 1 : 0;
                              });
    }
    EXPECT_TRUE(loop_.until([&] { return answered == 120; }));
}

TEST_F(Pump, TheDeadlineOfACallHoldsWhateverTheServiceDoes) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    const auto answer = loop_.run(never(object, 50ms));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::timeout);
    // The late answer finds nobody and harms nobody.
    ASSERT_EQ(kept_.size(), 1U);
    kept_.front().returnResults("late");
    server_.pump.kick();
    EXPECT_EQ(loop_.run(echo(object, "still there")).value(), "still there");
}

TEST_F(Pump, AMissingServiceIsUnavailable) {
    BusObject object(client_.pump, "test.Nobody", "/test");
    const auto answer = loop_.run(echo(object, "x"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(Pump, AnAnswerOfAnotherTypeIsAnError) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    auto ask = [](BusObject& o) -> awaitable<Result<wire::Dict>> {
        auto message = o.message("test.Test", "Echo", std::string("x"));
        co_return co_await o.call_for<wire::Dict>(std::move(message), 5s);
    };
    const auto answer = loop_.run(ask(object));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::parse);
}

// A time-out that sd-bus keeps was reported seconds late when the call was made outside a bus callback, since the pump
// went on waiting for what sd-bus had wanted before.
TEST_F(Pump, TimeoutOfSdBusIsNotLateAfterUseOutsideACallback) {
    serve(server_);
    ASSERT_TRUE(loop_.until([&] { return client_.pump.turns() > 0; }));
    const auto proxy = sdbus::createProxy(*client_.connection, "test.Test", "/test");
    std::optional<std::string> error;
    auto call = proxy->createMethodCall("test.Test", "Never");
    proxy->callMethod(
        call, [&](sdbus::MethodReply&, const sdbus::Error* e) { error = e ? e->getName() : "answered"; },
        std::uint64_t{50'000});
    client_.pump.kick();
    const bool in_time = loop_.until([&] { return error.has_value(); }, 4s);
    EXPECT_TRUE(in_time);
    EXPECT_NE(error, "answered");
}

// Messages that a blocking call outside the loop had read into the queue were not handled until new ones came.
TEST_F(Pump, MessagesReadByABlockingCallAreHandled) {
    int heard = 0;
    const auto slot =
        client_.connection->addMatch("type='signal',interface='test.Test'", [&](sdbus::Message&) { ++heard; });
    client_.pump.kick();
    serve(server_);
    auto signal = object_->createSignal("test.Test", "Something");
    object_->emitSignal(signal);
    client_.connection->requestName("test.Client");  // blocks, and reads the signal on the way
    client_.pump.kick();
    EXPECT_TRUE(loop_.until([&] { return heard == 1; }));
}

TEST_F(Pump, ABusThatDiesIsFatalOnce) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    ASSERT_TRUE(loop_.run(echo(object, "x")));
    bus_.kill();
    EXPECT_TRUE(loop_.until([&] { return !client_.lost.empty() && !server_.lost.empty(); }));
    EXPECT_EQ(client_.lost.size(), 1U);
    EXPECT_THAT(client_.lost.front(), testing::HasSubstr("the bus is lost"));
    const auto answer = loop_.run(echo(object, "x"));
    EXPECT_EQ(answer.error().code, Errc::unavailable);
}

TEST_F(Pump, ALoopAtRestTakesNoTurn) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    ASSERT_TRUE(loop_.run(echo(object, "x")));
    loop_.until([&] { return loop_.io.poll() == 0; });
    const auto turns = client_.pump.turns() + server_.pump.turns();
    const auto handlers = loop_.io.run_for(300ms);
    EXPECT_EQ(handlers, 0U);
    EXPECT_EQ(client_.pump.turns() + server_.pump.turns(), turns);
}

TEST_F(Pump, LargeAnswersArriveWhole) {
    serve(server_);
    BusObject object(client_.pump, "test.Test", "/test");
    auto ask = [](BusObject& o) -> awaitable<Result<std::string>> {
        auto message = o.message("test.Test", "Large", std::uint32_t{8U << 20});
        co_return co_await o.call_for<std::string>(std::move(message), 10s);
    };
    EXPECT_EQ(loop_.run(ask(object)).value().size(), std::size_t{8U << 20});
}

TEST_F(Pump, TellsTheUserOfACaller) {
    Senders senders(server_.pump);
    EXPECT_EQ(loop_.run(senders.user_of(client_.connection->getUniqueName())).value(), geteuid());
    EXPECT_EQ(loop_.run(senders.user_of(client_.connection->getUniqueName())).value(), geteuid());
    EXPECT_FALSE(loop_.run(senders.user_of(":1.999")));
}

}  // namespace
}  // namespace ntpopt
