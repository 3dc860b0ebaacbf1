// Host names, addresses and endpoints: what is taken, what is refused, and that rendering and parsing are inverse.
#include "common/host.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

TEST(HostName, TakesRfc1123NamesInLowerCase) {
    for (const auto* text : {"a", "ntp1.example", "0.pool.ntp.org", "x-y.example", "2.DEBIAN.pool.ntp.org."}) {
        const auto name = HostName::parse(text);
        ASSERT_TRUE(name) << text;
    }
    EXPECT_EQ(HostName::parse("2.DEBIAN.pool.ntp.org.")->text(), "2.debian.pool.ntp.org");
    EXPECT_TRUE(HostName::parse(std::string(63, 'a') + ".example"));
}

TEST(HostName, RefusesEverythingThatCouldReachAConfigurationFile) {
    for (const auto* text :
         {"",    ".",   "a..b",      "-a",        "a-", "a b", "a\nserver evil", "a\tb", "a#b",  "a;b",
          "a/b", "a_b", "ü.example", "1.2.3.4.5", "10", "a.1", "*.example",      "a\\b", "$(x)", "a%b"})
        EXPECT_FALSE(HostName::parse(text)) << text;
    EXPECT_FALSE(HostName::parse(std::string(64, 'a')));
    std::string longest;
    for (int i = 0; i < 127; ++i)
        longest += "a.";
    EXPECT_FALSE(HostName::parse(longest + "a"));
    EXPECT_FALSE(HostName::parse(std::string("a\0b", 3)));
}

TEST(HostName, RefusesWhatResolversReadAsAnAddress) {
    // inet_aton(3) takes one to four parts, each decimal, octal or hexadecimal: whoever resolves these asks no DNS.
    for (const auto* text :
         {"0x7f000001", "0x7f.1", "127.0.0.0x1", "0X7F.0.0.0X1", "0177.1", "0x", "good.test.0x7f", "1.0xa."})
        EXPECT_FALSE(HostName::parse(text)) << text;
    for (const auto* text : {"0x7f.test", "x7f", "0xg", "1.test", "127.0.0.1.test", "0x7f-"})
        EXPECT_EQ(HostName::parse(text).has_value(), text[std::string(text).size() - 1] != '-') << text;
}

TEST(Address, ReadsBothFamiliesAndUnmapsV4) {
    EXPECT_EQ(Address::parse("192.0.2.1")->text(), "192.0.2.1");
    EXPECT_EQ(Address::parse("2001:DB8::1")->text(), "2001:db8::1");
    EXPECT_EQ(Address::parse("::ffff:192.0.2.1")->text(), "192.0.2.1");
    for (const auto* text : {"", "1.2.3", "256.1.1.1", "1.2.3.4 ", "fe80::1%eth0", "1.2.3.4\n", "::g"})
        EXPECT_FALSE(Address::parse(text)) << text;
    EXPECT_FALSE(Address::parse(std::string("1.2.3.4\0x", 9)));
}

TEST(Address, KnowsItsKind) {
    EXPECT_TRUE(Address::parse("127.9.9.9")->is_loopback());
    EXPECT_TRUE(Address::parse("::1")->is_loopback());
    EXPECT_FALSE(Address::parse("128.0.0.1")->is_loopback());
    for (const auto* text : {"0.0.0.0", "224.0.1.1", "255.255.255.255", "::", "ff02::101"})
        EXPECT_TRUE(Address::parse(text)->is_unusable()) << text;
    for (const auto* text : {"10.1.1.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "fd00::1", "fe80::1", "127.0.0.1",
                             "100.64.0.1", "100.127.255.1"})
        EXPECT_TRUE(Address::parse(text)->is_private()) << text;
    for (const auto* text : {"172.32.0.1", "192.0.2.1", "2001:db8::1", "100.63.0.1", "100.128.0.1"})
        EXPECT_FALSE(Address::parse(text)->is_private()) << text;
}

TEST(Address, ComparesPrefixes) {
    const auto a = *Address::parse("192.0.2.1");
    EXPECT_TRUE(a.shares_prefix(*Address::parse("192.0.2.255"), 24));
    EXPECT_FALSE(a.shares_prefix(*Address::parse("192.0.3.1"), 24));
    EXPECT_TRUE(a.shares_prefix(*Address::parse("192.0.3.1"), 23));
    EXPECT_TRUE(a.shares_prefix(a, 32));
    EXPECT_FALSE(a.shares_prefix(*Address::parse("2001:db8::1"), 0));
    EXPECT_TRUE(Address::parse("2001:db8:1::1")->shares_prefix(*Address::parse("2001:db8:1:ffff::"), 48));
}

TEST(Endpoint, RoundTrips) {
    for (const auto* text :
         {"ntp.example", "ntp.example:1123", "192.0.2.1", "192.0.2.1:5", "2001:db8::1", "[2001:db8::1]:123"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(*Endpoint::parse(endpoint->text()), *endpoint) << text;
    }
    EXPECT_EQ(Endpoint::parse("[2001:db8::1]:123")->text(), "2001:db8::1");
    EXPECT_EQ(Endpoint::parse("[2001:db8::1]:124")->text(), "[2001:db8::1]:124");
}

TEST(Endpoint, RefusesBadPortsAndBrackets) {
    for (const auto* text :
         {"a:", "a:0", "a:65536", "a:1x", "a:-1", "[::1", "[::1]x", "[a]:1", "[192.0.2.1]:1", ":1", "a: 1"})
        EXPECT_FALSE(Endpoint::parse(text)) << text;
}

TEST(Host, ErrorsNameTheTextAndWhatIsRight) {
    const auto host = Host::parse("bad name\n");
    ASSERT_FALSE(host);
    EXPECT_EQ(host.error().code, Errc::invalid_argument);
    EXPECT_EQ(host.error().detail.find('\n'), std::string::npos);
    EXPECT_NE(host.error().detail.find("bad name\\x0a"), std::string::npos);
}

}  // namespace
}  // namespace ntpopt
