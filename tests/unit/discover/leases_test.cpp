// What DHCP clients leave behind: real files, the last lease of an interface, expiry, and hostile values.
#include "daemon/core/discover/leases.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<Host>& hosts) {
    std::vector<std::string> out;
    for (const auto& host : hosts)
        out.push_back(host.text());
    return out;
}

TEST(Leases, ReadNetworkdsLease) {
    EXPECT_THAT(texts(parse_networkd_lease("# This is private data. Do not parse.\nADDRESS=192.0.2.50\n"
                                           "NTP=192.0.2.1 2001:db8::1 ntp.example 192.0.2.1\nMTU=1500\n")),
                ElementsAre("192.0.2.1", "2001:db8::1", "ntp.example"));
    EXPECT_THAT(texts(parse_networkd_lease("DNS=192.0.2.1\nNTP=\n")), IsEmpty());
}

constexpr const char* kLeases = R"(
# The format of this file is documented in the dhclient.leases(5) manual page.
lease {
  interface "eth0";
  option ntp-servers 192.0.2.7;
  expire 4 2026/11/26 10:00:00;
}
lease {
  interface "eth0";
  fixed-address 192.0.2.50;
  option host-name "a;b{c} \" option ntp-servers 192.0.2.66;";
  option ntp-servers 192.0.2.1,192.0.2.2, ntp.example;
  renew 4 2026/11/26 09:30:00;
  expire 4 2026/11/26 10:00:00;
}
lease {
  interface "wlan0";
  option ntp-servers 198.51.100.1;
  expire never;
}
lease6 {
  interface "eth0";
  ia-na 12:34:56:78 {
    starts 1795600000;
    iaaddr 2001:db8::50 { starts 1795600000; max-life 7200; }
    option dhcp6.status-code success "ok";
  }
  option dhcp6.sntp-servers 2001:db8::1,fe80::1;
}
)";

TEST(Leases, ReadDhclientsLastLeaseOfEachInterfaceUntilItExpires) {
    // date -u -d "2026-11-26 10:00:00" +%s
    constexpr double kExpires = 1795687200;
    EXPECT_THAT(texts(parse_dhclient_leases(kLeases, kExpires - 1)),
                ElementsAre("192.0.2.1", "192.0.2.2", "ntp.example", "198.51.100.1", "2001:db8::1", "fe80::1"));
    EXPECT_THAT(texts(parse_dhclient_leases(kLeases, kExpires)), ElementsAre("198.51.100.1", "2001:db8::1", "fe80::1"));
    EXPECT_THAT(texts(parse_dhclient_leases("lease { option ntp-servers 192.0.2.1; expire epoch 100; }", 99)),
                ElementsAre("192.0.2.1"));
    EXPECT_THAT(texts(parse_dhclient_leases("lease { option ntp-servers 192.0.2.1; expire epoch 100; }", 100)),
                IsEmpty());
}

TEST(Leases, ReadChronysDhcpFiles) {
    EXPECT_THAT(texts(parse_chrony_dhcp(
                    "server 192.0.2.1 iburst\n# server 192.0.2.2\nSERVER ntp.example\nserver\npool p.example\n")),
                ElementsAre("192.0.2.1", "ntp.example"));
}

TEST(Leases, AreValidatedAndBounded) {
    EXPECT_THAT(
        texts(parse_lease_servers("127.0.0.1,0.0.0.0 224.0.1.1 ::1 a\nb;c \"x\" -iburst 192.0.2.1#key ok.example")),
        ElementsAre("ok.example"));
    std::string many;
    for (int i = 0; i < 500; ++i)
        many += "192.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250) + ' ';
    EXPECT_EQ(parse_lease_servers(many).size(), kMaxLeaseServers);
    for (const char* broken : {"lease {", "lease { option ntp-servers \"", "}}}}", "lease { interface \"\\",
                               "lease { expire 4 2026/13/99 1:2:3; }",
                               "lease { expire 4 a/b/c d:e:f; option ntp-servers ; }", "{ { {", "lease { option"})
        EXPECT_THAT(texts(parse_dhclient_leases(broken, 0)), IsEmpty()) << broken;
    // What a file claims of an expiry that is none does not bar the servers in it.
    EXPECT_THAT(texts(parse_dhclient_leases("lease { option ntp-servers 192.0.2.1; expire 4 x; }", 1e10)),
                ElementsAre("192.0.2.1"));
}

TEST(Leases, BecomeCandidatesOnce) {
    const auto found =
        dhcp_candidates({*Host::parse("192.0.2.1"), *Host::parse("a.example"), *Host::parse("192.0.2.1")});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].source, CandidateSource::dhcp);
    EXPECT_EQ(found[0].timescale, Timescale::unknown);
}

}  // namespace
}  // namespace ntpopt
