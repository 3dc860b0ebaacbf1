// The discoverers that look around: files of DHCP clients, search domains, sysfs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/io/discover/cloud.hpp"
#include "daemon/io/discover/dhcp.hpp"
#include "daemon/io/discover/domain_servers.hpp"
#include "tests/loop/net/memory_cache.hpp"
#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FixedClock final : public Clock {
  public:
    [[nodiscard]] RealTime now() const override { return RealTime(std::chrono::hours(500'000)); }
    [[nodiscard]] Duration since_boot() const override { return {}; }
    [[nodiscard]] double random() override { return 0.5; }
};

class Surroundings : public testing::Test {
  protected:
    void write(const std::string& path, const std::string& text) {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }

    static Discovered run(Discoverer& discoverer, const Config& config = {}) {
        asio::io_context io(1);
        Result<Discovered> out = Error{Errc::internal, "did not run"};
        asio::co_spawn(io, discoverer.discover(config, {}),
                       [&](std::exception_ptr, Result<Discovered> found) { out = std::move(found); });
        io.run();
        EXPECT_TRUE(out) << out.error().detail;
        return out ? *out : Discovered();
    }

    static std::vector<std::string> names(const Discovered& found) {
        std::vector<std::string> out;
        for (const auto& candidate : found.candidates)
            out.push_back(candidate.endpoint.text());
        return out;
    }

    LeasePaths paths() const {
        return {{root_ / "leases", root_ / "links"}, {root_ / "dhcp"}, {root_ / "chrony-dhcp"}};
    }

    const test::Scratch scratch_;
    const fs::path root_ = scratch_.path();
    FixedClock clock_;
};

TEST_F(Surroundings, EveryDhcpClientsServersAreFound) {
    write("leases/2", "NTP=192.0.2.1\n");
    write("links/2", "NTP=192.0.2.1 ntp.example\n");
    write("dhcp/dhclient.eth0.leases", "lease { interface \"eth0\"; option ntp-servers 192.0.2.2; }");
    write("dhcp/chrony.servers.eth0", "192.0.2.66 iburst");
    write("chrony-dhcp/eth0.sources", "server 192.0.2.3 iburst\n");
    DhcpServers dhcp(paths(), clock_, []() -> asio::awaitable<Result<std::vector<Host>>> {
        co_return std::vector<Host>{*Host::parse("192.0.2.4")};
    });
    const auto found = run(dhcp);
    EXPECT_THAT(names(found), ElementsAre("192.0.2.1", "ntp.example", "192.0.2.2", "192.0.2.3", "192.0.2.4"));
    EXPECT_THAT(found.notes, IsEmpty());
    Config off;
    off.discovery.dhcp = false;
    EXPECT_THAT(names(run(dhcp, off)), IsEmpty());
}

// They were taken for a DHCP client's, which may name private servers.
TEST_F(Surroundings, WhatWeWroteOurselvesIsNoDhcpClients) {
    write("chrony-dhcp/50-ntpopt.sources", "server chosen.example iburst\n");
    write("chrony-dhcp/ntpopt-restore.sources", "pool own.example iburst\n");
    write("chrony-dhcp/eth0.sources", "server 192.0.2.3 iburst\n");
    DhcpServers dhcp(paths(), clock_);
    EXPECT_THAT(names(run(dhcp)), ElementsAre("192.0.2.3"));
}

TEST_F(Surroundings, ADhcpClientThatFailsSpoilsNoOther) {
    write("leases/2", "NTP=192.0.2.1\n");
    write("leases/3", std::string(2 * 1024 * 1024, 'x'));
    DhcpServers dhcp(paths(), clock_, []() -> asio::awaitable<Result<std::vector<Host>>> {
        co_return Error{Errc::timeout, "no answer"};
    });
    const auto found = run(dhcp);
    EXPECT_THAT(names(found), ElementsAre("192.0.2.1"));
    EXPECT_THAT(found.notes, ElementsAre(HasSubstr("leases/3"), "NetworkManager: no answer"));
}

TEST_F(Surroundings, NoDhcpClientIsNoFailure) {
    DhcpServers dhcp(paths(), clock_);
    const auto found = run(dhcp);
    EXPECT_THAT(found.candidates, IsEmpty());
    EXPECT_THAT(found.notes, IsEmpty());
}

TEST_F(Surroundings, ACloudIsRecognisedFromSysfs) {
    write("class/dmi/id/sys_vendor", "Amazon EC2\n");
    write("class/ptp/ptp0/clock_name", "KVM virtual PTP\n");
    CloudServers cloud(root_);
    const auto found = run(cloud);
    EXPECT_THAT(names(found), ElementsAre("169.254.169.123", "fd00:ec2::123"));
    EXPECT_THAT(found.notes, ElementsAre("this is Amazon EC2", HasSubstr("/dev/ptp0 is the clock of the KVM host")));
    Config off;
    off.discovery.cloud = false;
    EXPECT_THAT(run(cloud, off).notes, IsEmpty());
    CloudServers nowhere(root_ / "nothing");
    EXPECT_THAT(run(nowhere).notes, IsEmpty());
}

/// Name servers of which those of dead*.example are silent, so that a question takes all the time that it has.
class FakeDomains final : public NameSource {
  public:
    std::vector<std::string> asked;

    std::optional<Result<NameAnswer>> local(const HostName&, Families) override { return std::nullopt; }
    [[nodiscard]] Families worth_asking(Families families) override { return families; }
    asio::awaitable<Result<NameAnswer>> lookup(HostName, Families, Duration) override { co_return Error{}; }
    asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration deadline) override {
        asked.push_back(domain.text() + " " + render_duration(deadline));
        if (domain.text().starts_with("dead")) {
            asio::steady_timer silence(co_await asio::this_coro::executor, deadline);
            co_await silence.async_wait(asio::use_awaitable);
            co_return Error{Errc::timeout, "no name server answered in time"};
        }
        if (domain.text() == "none.example") co_return Error{Errc::not_found, "the name does not exist"};
        co_return std::vector<SrvRecord>{{1, 0, 1123, "ntp." + domain.text()}};
    }
};

TEST_F(Surroundings, SearchDomainsAnnounceServers) {
    write("resolv.conf", "nameserver 192.0.2.53\nsearch none.example b.example a.example\n");
    FakeDomains source;
    test::MemoryCache cache;
    NameMemory memory(source, cache, clock_);
    DomainServers domain(memory, root_ / "resolv.conf");
    const auto found = run(domain);
    EXPECT_THAT(names(found), ElementsAre("ntp.b.example:1123", "ntp.a.example:1123"));
    EXPECT_THAT(found.notes, IsEmpty());
    DomainServers nothing(memory, root_ / "missing");
    EXPECT_THAT(names(run(nothing)), IsEmpty());
}

TEST_F(Surroundings, ADeadSearchDomainTakesNothingFromThoseBehindIt) {
    write("resolv.conf", "search dead1.example a.example dead2.example none.example b.example\n");
    FakeDomains source;
    test::MemoryCache cache;
    NameMemory memory(source, cache, clock_);
    DomainServers domain(memory, root_ / "resolv.conf", std::chrono::milliseconds(20));
    const auto found = run(domain);
    EXPECT_THAT(names(found), ElementsAre("ntp.a.example:1123", "ntp.b.example:1123"));
    EXPECT_THAT(found.notes, ElementsAre("dead1.example: no name server answered in time",
                                         "dead2.example: no name server answered in time"));
    EXPECT_THAT(source.asked, ElementsAre("dead1.example 20ms", "a.example 20ms", "dead2.example 20ms",
                                          "none.example 20ms", "b.example 20ms"))
        << "each has the whole time";
}

}  // namespace
}  // namespace ntpopt
