// What ntpsec 1.2.2 and the classic ntpd tell of themselves, and what nobody may be made to believe.
#include "daemon/core/plan/ntpd_report.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

TEST(NtpdReport, a_system_that_follows_somebody) {
    const auto system = parse_ntpd_system(
        "leap=0, stratum=3, rootdelay=1.997, rootdisp=938.543, refid=10.77.12.1,\r\n"
        "reftime=0xeead82ea.f08c4f1d, peer=17772, offset=0.004174,\r\nfrequency=-1.5, peeradr=10.77.12.1:123\r\n");
    ASSERT_TRUE(system);
    EXPECT_TRUE(system->synchronised());
    EXPECT_EQ(system->peer, 17772);
    EXPECT_EQ(system->address->text(), "10.77.12.1");
    EXPECT_EQ(system->reference_time.bits, 0xeead82eaf08c4f1dULL);
    EXPECT_DOUBLE_EQ(system->offset_s, 0.004174e-3);
    EXPECT_DOUBLE_EQ(system->root_dispersion_s, 0.938543);
    EXPECT_DOUBLE_EQ(system->frequency_ppm, -1.5);
}

TEST(NtpdReport, a_system_that_follows_nobody_yet) {
    const auto system = parse_ntpd_system(
        "leap=3, stratum=16, rootdelay=0.000, rootdisp=0.000, refid=INIT,\r\n"
        "reftime=0x00000000.00000000, peer=0, offset=0.000000, peeradr=0.0.0.0:0\r\n");
    ASSERT_TRUE(system);
    EXPECT_FALSE(system->synchronised());
    EXPECT_FALSE(system->address);
    EXPECT_FALSE(system->reference_time.known());
    EXPECT_FALSE(parse_ntpd_system("")->synchronised()) << "1.2.3 leaves out what it has not";
}

TEST(NtpdReport, addresses_of_every_shape) {
    const auto address = [](std::string_view text) {
        const auto system = parse_ntpd_system(std::string("peeradr=").append(text));
        return system && system->address ? system->address->text() : "";
    };
    EXPECT_EQ(address("[2001:db8::1]:123"), "2001:db8::1");
    EXPECT_EQ(address("2001:db8::1"), "2001:db8::1");
    EXPECT_EQ(address("[fe80::1%2]:123"), "fe80::1");
    EXPECT_EQ(address("192.0.2.1"), "192.0.2.1");
    EXPECT_FALSE(parse_ntpd_system("peeradr=[zz"));
    EXPECT_FALSE(parse_ntpd_system("peeradr=example.com:123"));
}

TEST(NtpdReport, an_association) {
    const auto found = parse_ntpd_association(
        {17770, 0xb014},
        "srcadr=10.77.3.1, leap=0, stratum=2, rootdelay=0.992, rec=0xeead82e6.f0ab3008, reach=0x1,\r\n"
        "delay=1.010255, offset=-500.000173, dispersion=7937.500067, jitter=0.25, srchost=\"n3.test\"\r\n");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, "n3.test");
    EXPECT_TRUE(found->answers());
    EXPECT_DOUBLE_EQ(found->offset_s, -0.500000173);
    EXPECT_DOUBLE_EQ(found->jitter_s.value(), 0.00025);
    EXPECT_FALSE(parse_ntpd_association({}, "jitter=-1")->jitter_s);
    EXPECT_FALSE(parse_ntpd_association({}, "")->jitter_s);
    EXPECT_EQ(describe_state(*found), "rejected");
    const auto unresolved = parse_ntpd_association({1, 0x8011}, "srcadr=0.0.0.0, reach=0x0, srchost=\"n3.test\"");
    EXPECT_EQ(describe_state(*unresolved), "unresolved");
    EXPECT_EQ(describe_state(*parse_ntpd_association({1, 0x8011}, "srcadr=192.0.2.1, reach=0")), "unreachable");
    EXPECT_EQ(describe_state(*parse_ntpd_association({1, 0xb61a}, "srcadr=192.0.2.1, reach=0xff")), "selected");
    EXPECT_EQ(describe_state(*parse_ntpd_association({1, 0xb11a}, "srcadr=192.0.2.1, reach=1")), "falseticker");
}

TEST(NtpdReport, numbers_that_are_none_are_errors) {
    for (const std::string_view text :
         {"leap=4", "leap=x", "stratum=-1", "peer=65536", "reach=0x100", "reach=", "offset=nan", "offset=1e999",
          "rec=0x1.2", "rec=0xeead82e6_f0ab3008", "rec=0xeead82e6.f0ab300g", "peer=1 2"})
        EXPECT_FALSE(parse_ntpd_system(text) && parse_ntpd_association({}, text)) << text;
}

}  // namespace
}  // namespace ntpopt
