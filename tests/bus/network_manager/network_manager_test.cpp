// What is learnt from NetworkManager and systemd-timedated, as they speak and as they should not.
#include "daemon/io/discover/network_manager.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/bus/harness/private_bus.hpp"
#include "tests/bus/network_manager/fake_network_manager.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Options = FakeNetworkManager::Options;

sdbus::Variant text(const std::string& value) {
    return sdbus::Variant(value);
}

/// A folder of activation files by which whoever starts a service leaves a trace.
class Activation {
  public:
    explicit Activation(const std::string& name) {
        std::ofstream(folder_.file(name + ".service"))
            << "[D-BUS Service]\nName=" << name << "\nUser=root\nExec=/usr/bin/touch " << folder_.file("started")
            << "\n";
    }

    [[nodiscard]] bool started() const { return folder_.has("started"); }
    [[nodiscard]] const std::string& folder() const { return folder_.path(); }

  private:
    const Scratch folder_;
};

class Neighbours : public testing::Test {
  protected:
    Result<std::vector<Host>> ask(Duration deadline = 10s) { return loop_.run(ask_network_manager(&pump_, deadline)); }
    std::vector<std::string> names() {
        const auto hosts = ask();
        EXPECT_TRUE(hosts) << hosts.error().detail;
        std::vector<std::string> out;
        for (const auto& host : hosts ? *hosts : std::vector<Host>())
            out.push_back(host.text());
        return out;
    }
    Result<std::string> ask_zone() { return loop_.run(ask_time_zone(&pump_, Duration(10s))); }

    Activation activation_{"org.freedesktop.NetworkManager"};
    PrivateBus bus_{Policies::permissive, activation_.folder()};
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    Loop loop_;
    BusPump pump_{loop_.io, *connection_, [](const Error&) {}};
};

TEST_F(Neighbours, TheServersOfEveryLeaseAreFound) {
    FakeNetworkManager manager(loop_);
    const auto wired = manager.lease("4", Options{{"ntp_servers", text("192.0.2.1 192.0.2.2")},
                                                  {"domain_name_servers", text("192.0.2.53")},
                                                  {"expiry", text("1790000000")},
                                                  {"requested_ntp_servers", text("1")}});
    const auto wired6 = manager.lease("6", Options{{"dhcp6_sntp_servers", text("2001:db8::2")},
                                                   {"dhcp6_ntp_servers", text("2001:db8::1 ntp.example")},
                                                   {"dhcp6_name_servers", text("2001:db8::53")}});
    const auto wireless = manager.lease("4", Options{{"ntp_servers", text("198.51.100.1")}});
    manager.connect(wired, wired6);
    manager.connect(wireless, FakeNetworkManager::no_lease());
    EXPECT_THAT(names(),
                ElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1", "ntp.example", "2001:db8::2", "198.51.100.1"));
}

TEST_F(Neighbours, AConnectionWithoutDhcpNamesNobody) {
    FakeNetworkManager manager(loop_);
    EXPECT_THAT(names(), IsEmpty()) << "no connection at all";
    manager.connect(FakeNetworkManager::no_lease(), FakeNetworkManager::no_lease());
    const auto lease = manager.lease("4", Options{{"domain_name_servers", text("192.0.2.53")}});
    manager.connect(lease, FakeNetworkManager::no_lease());
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_EQ(manager.asked, 1);
}

TEST_F(Neighbours, WhatIsOfAnotherTypeOrGoneSpoilsNothingElse) {
    FakeNetworkManager manager(loop_);
    const auto good = manager.lease("4", Options{{"ntp_servers", text("192.0.2.1")}});
    const auto list =
        manager.lease("4", Options{{"ntp_servers", sdbus::Variant(std::vector<std::string>{"192.0.2.9"})}});
    const auto texts =
        manager.lease("6", FakeValue::of(std::map<std::string, std::string>{{"ntp_servers", "192.0.2.9"}}));
    const auto number = manager.lease("6", Options{{"dhcp6_ntp_servers", sdbus::Variant(std::uint32_t{9})}});
    const auto hostile = manager.lease("6", Options{{"dhcp6_ntp_servers", text("a\nb;c $(d) -e 192.0.2.3 ..")}});
    const auto gone = FakeValue::of(sdbus::ObjectPath("/org/freedesktop/NetworkManager/DHCP4Config/gone"));
    manager.connect(FakeValue::of(std::string("/not/a/path/by/type")), texts);
    manager.connect(list, number);
    manager.connect(gone, hostile);
    manager.connect(good, FakeValue::of(std::uint32_t{7}));
    const auto found = names();
    EXPECT_THAT(found, testing::Not(testing::Contains("192.0.2.9")));
    EXPECT_THAT(found, testing::IsSupersetOf({"192.0.2.1", "192.0.2.3"}));
    for (const auto& name : found)
        EXPECT_EQ(name.find_first_of(" ;$()\n"), std::string::npos) << name;
}

TEST_F(Neighbours, ThousandsOfConnectionsAreNotAskedFor) {
    FakeNetworkManager manager(loop_);
    const auto lease = manager.lease("4", Options{{"ntp_servers", text("192.0.2.1")}});
    for (int i = 0; i < 100; ++i)
        manager.connect(lease, FakeNetworkManager::no_lease());
    EXPECT_TRUE(ask());
    EXPECT_EQ(manager.asked, 16);
}

TEST_F(Neighbours, ANetworkManagerThatTalksNonsenseIsAnError) {
    FakeNetworkManager manager(loop_, FakeValue::of(std::string("three")));
    EXPECT_EQ(ask().error(), (Error{Errc::parse, "the property ActiveConnections has another type"}));
}

TEST_F(Neighbours, ANetworkManagerThatFallsSilentIsWaitedForOnce) {
    FakeNetworkManager manager(loop_);
    const auto lease = manager.lease("4", Options{{"ntp_servers", text("192.0.2.1")}});
    for (int i = 0; i < 10; ++i)
        manager.connect(lease, lease);
    manager.falls_silent = true;
    EXPECT_EQ(ask(200ms).error().code, Errc::timeout);
}

TEST_F(Neighbours, ANetworkManagerThatDoesNotRunIsNeitherAFailureNorStarted) {
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_FALSE(activation_.started());
}

/// systemd-timedated with this time zone.
class FakeTimedate {
  public:
    FakeTimedate(Loop& loop, FakeValue zone) : pump_(loop.io, *connection_, [](const Error&) {}) {
        object_->registerProperty("org.freedesktop.timedate1", "Timezone", zone.signature,
                                  [zone](sdbus::PropertyGetReply& reply) { zone.write(reply); });
        object_->finishRegistration();
        connection_->requestName("org.freedesktop.timedate1");
        pump_.kick();
    }

  private:
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IObject> object_ = sdbus::createObject(*connection_, "/org/freedesktop/timedate1");
    BusPump pump_;
};

TEST_F(Neighbours, TheTimeZoneIsTold) {
    EXPECT_EQ(ask_zone().error().code, Errc::unavailable) << "nobody tells it";
    const FakeTimedate timedate(loop_, FakeValue::of(std::string("Asia/Kolkata")));
    const auto zone = ask_zone();
    ASSERT_TRUE(zone) << zone.error().detail;
    EXPECT_EQ(*zone, "Asia/Kolkata");
}

TEST_F(Neighbours, ATimeZoneThatIsNoNameIsNone) {
    for (const auto& value : {FakeValue::of(std::uint32_t{1}), FakeValue::of(std::string(101, 'x')),
                              FakeValue::of(std::string("Asia/\x1b[31m"))}) {
        const FakeTimedate timedate(loop_, value);
        EXPECT_EQ(ask_zone().error().code, Errc::parse);
    }
}

}  // namespace
}  // namespace ntpopt::test
