// Signals in somebody else's name are dropped, true ones are heard.
#include "daemon/io/bus/signals.hpp"

#include <gmock/gmock.h>
#include <sdbus-c++/sdbus-c++.h>

#include "tests/bus/harness/loop.hpp"
#include "tests/bus/harness/private_bus.hpp"

namespace ntpopt {
namespace {

using test::Loop;
using test::Policies;
using test::PrivateBus;

class Signals : public testing::Test {
  protected:
    void send(sdbus::IConnection& from, const std::string& to, const std::string& text) {
        const auto object = sdbus::createObject(from, "/test");
        auto signal = object->createSignal("test.Test", "Told");
        signal << text;
        if (!to.empty()) signal.setDestination(to);
        object->emitSignal(signal);
    }

    PrivateBus bus_{Policies::permissive};
    std::unique_ptr<sdbus::IConnection> service_ = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IConnection> forger_ = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    Loop loop_;
    BusPump pump_{loop_.io, *connection_, [](const Error&) {}};
    std::vector<std::string> heard_;
    SignalWatch watch_{
        pump_, service_->getUniqueName(), {"/test", "test.Test", "Told"}, [this](sdbus::Message& signal) {
            std::string text;
            signal >> text;
            heard_.push_back(text);
        }};
};

TEST_F(Signals, OfTheSenderAreHeardAndThoseOfOthersDropped) {
    send(*forger_, connection_->getUniqueName(), "forged");
    send(*forger_, "", "forged for everybody");
    forger_->requestName("test.Test");  // returns when the bus has taken what came before
    send(*service_, "", "true");
    ASSERT_TRUE(loop_.until([&] { return !heard_.empty(); }));
    EXPECT_THAT(heard_, testing::ElementsAre("true"));
}

TEST_F(Signals, WithOtherTypesDoNotUnwindThroughTheBus) {
    const auto object = sdbus::createObject(*service_, "/test");
    auto signal = object->createSignal("test.Test", "Told");
    signal << std::uint32_t{7};
    object->emitSignal(signal);
    send(*service_, "", "true");
    ASSERT_TRUE(loop_.until([&] { return !heard_.empty(); }));
    EXPECT_THAT(heard_, testing::ElementsAre("true"));
}

}  // namespace
}  // namespace ntpopt
