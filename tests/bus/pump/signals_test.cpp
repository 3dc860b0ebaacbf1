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
    NameOwner owner_{pump_, "test.Test"};
    std::vector<std::string> heard_;
    SignalWatch watch_{pump_, owner_, {"/test", "test.Test", "Told"}, [this](sdbus::Message& signal) {
                           std::string text;
                           signal >> text;
                           heard_.push_back(text);
                       }};
};

TEST_F(Signals, OfTheOwnerAreHeardAndForgedOnesDropped) {
    service_->requestName("test.Test");
    ASSERT_TRUE(loop_.until([&] { return owner_.owner() == service_->getUniqueName(); }));
    send(*forger_, connection_->getUniqueName(), "forged");
    ASSERT_TRUE(loop_.until([&] { return watch_.dropped() == 1; }));
    send(*service_, "", "true");
    ASSERT_TRUE(loop_.until([&] { return !heard_.empty(); }));
    EXPECT_THAT(heard_, testing::ElementsAre("true"));
}

TEST_F(Signals, OfANameThatNobodyOwnsAreDropped) {
    send(*forger_, connection_->getUniqueName(), "forged");
    ASSERT_TRUE(loop_.until([&] { return watch_.dropped() == 1; }));
    EXPECT_TRUE(heard_.empty());
}

TEST_F(Signals, WithOtherTypesDoNotUnwindThroughTheBus) {
    service_->requestName("test.Test");
    ASSERT_TRUE(loop_.until([&] { return !owner_.owner().empty(); }));
    const auto object = sdbus::createObject(*service_, "/test");
    auto signal = object->createSignal("test.Test", "Told");
    signal << std::uint32_t{7};
    object->emitSignal(signal);
    ASSERT_TRUE(loop_.until([&] { return watch_.dropped() == 1; }));
    send(*service_, "", "true");
    EXPECT_TRUE(loop_.until([&] { return heard_.size() == 1; }));
}

TEST_F(Signals, TheOwnerIsFollowed) {
    service_->requestName("test.Test");
    ASSERT_TRUE(loop_.until([&] { return owner_.owner() == service_->getUniqueName(); }));
    service_->releaseName("test.Test");
    ASSERT_TRUE(loop_.until([&] { return owner_.owner().empty(); }));
    forger_->requestName("test.Test");
    EXPECT_TRUE(loop_.until([&] { return owner_.owner() == forger_->getUniqueName(); }));
}

TEST_F(Signals, AForgedChangeOfOwnerIsNotBelieved) {
    service_->requestName("test.Test");
    ASSERT_TRUE(loop_.until([&] { return owner_.owner() == service_->getUniqueName(); }));
    const auto object = sdbus::createObject(*forger_, "/org/freedesktop/DBus");
    auto signal = object->createSignal("org.freedesktop.DBus", "NameOwnerChanged");
    signal << std::string("test.Test") << service_->getUniqueName() << forger_->getUniqueName();
    signal.setDestination(connection_->getUniqueName());
    object->emitSignal(signal);
    send(*service_, "", "after");
    ASSERT_TRUE(loop_.until([&] { return heard_.size() == 1; }));
    EXPECT_EQ(owner_.owner(), service_->getUniqueName());
}

}  // namespace
}  // namespace ntpopt
