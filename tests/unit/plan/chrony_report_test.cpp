// chronyc's CSV, as chrony 4.3 prints it.
#include "daemon/core/plan/chrony_report.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

constexpr std::string_view kNumeric =
    "^,?,ID#0000000001,0,6,0,4294967295,0.000000000,0.000000000,0.000000000\n"
    "^,+,127.1.3.1,2,6,377,0,0.000000209,0.000001699,0.000003100\n"
    "#,*,GPS,0,4,377,12,-0.000000100,0.000000000,0.000001000\n";
constexpr std::string_view kNamed =
    "^,?,pool.test,0,6,0,4294967295,0.000000000,0.000000000,0.000000000\n"
    "^,+,pool.test,2,6,377,0,0.000000209,0.000001699,0.000003100\n"
    "#,*,GPS,0,4,377,12,-0.000000100,0.000000000,0.000001000\n";

TEST(ChronySources, addresses_and_names_belong_together) {
    const auto sources = parse_chrony_sources(kNumeric, kNamed);
    ASSERT_TRUE(sources);
    ASSERT_EQ(sources->size(), 3u);
    EXPECT_TRUE((*sources)[0].is_unresolved());
    EXPECT_EQ((*sources)[0].id, "ID#0000000001");
    EXPECT_EQ((*sources)[0].name, "pool.test");
    EXPECT_FALSE((*sources)[0].last_rx_s);
    EXPECT_EQ((*sources)[1].address, *Address::parse("127.1.3.1"));
    EXPECT_EQ((*sources)[1].reach, 0377);
    EXPECT_EQ((*sources)[1].last_rx_s, 0u);
    EXPECT_DOUBLE_EQ((*sources)[1].error_s, 0.0000031);
    EXPECT_TRUE((*sources)[1].selectable());
    EXPECT_TRUE((*sources)[2].is_refclock());
    EXPECT_FALSE((*sources)[2].is_unresolved());
    EXPECT_EQ(describe_state((*sources)[0]), "unresolved");
    EXPECT_EQ(describe_state((*sources)[1]), "combined");
}

TEST(ChronySources, two_listings_that_do_not_fit_are_asked_for_again) {
    const auto shorter = kNamed.substr(kNamed.find('\n') + 1);
    EXPECT_EQ(parse_chrony_sources(kNumeric, shorter).error().code, Errc::unavailable);
}

TEST(ChronySources, nonsense_is_an_error_that_shows_it) {
    for (const std::string_view text :
         {"501 Not authorised\n", "^,*,1.2.3.4\n", "^,*,1.2.3.4,x,6,7,0,0,0,0\n", "^,*,1.2.3.4,1,6,9,0,0,0,0\n",
          "^,*,1.2.3.4,1,6,7,0,nan,0,0\n", "^^,*,1.2.3.4,1,6,7,0,0,0,0\n"})
        EXPECT_EQ(parse_chrony_sources(text, text).error().code, Errc::parse) << text;
    EXPECT_TRUE(parse_chrony_sources("", "")->empty());
}

TEST(ChronyStatistics, are_read) {
    const auto found = parse_chrony_statistics(
        "ID#0000000001,0,0,0,0.000,2000.000,0.000000000,4000.000000000\n"
        "127.1.3.1,7,5,103,-0.003,0.271,0.000000209,0.000009187\n");
    ASSERT_TRUE(found) << found.error().detail;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_EQ(found->at(0).samples, 0);
    EXPECT_EQ(found->at(1).id, "127.1.3.1");
    EXPECT_EQ(found->at(1).samples, 7);
    EXPECT_EQ(found->at(1).runs, 5);
    EXPECT_EQ(found->at(1).span_s, 103);
    EXPECT_EQ(found->at(1).offset_s, 0.000000209);
    EXPECT_EQ(found->at(1).deviation_s, 0.000009187);
    EXPECT_TRUE(parse_chrony_statistics("")->empty());
}

TEST(ChronyStatistics, nonsense_is_an_error_that_shows_it) {
    for (const std::string_view text : {"501 Not authorised\n", "a,7,5,103,0,0,0\n", "a,x,5,103,0,0,0,0\n",
                                        "a,7,5,103,0,0,nan,0\n", "a,7,5,103,0,0,0,inf\n", "a,7,5,-,0,0,0,0\n"})
        EXPECT_EQ(parse_chrony_statistics(text).error().code, Errc::parse) << text;
    EXPECT_FALSE(parse_chrony_statistics(std::string(1024 * 1024 + 1, '\n')));
}

TEST(ChronyTracking, reads_what_chronyd_follows) {
    const auto tracking = parse_chrony_tracking(
        "7F010401,127.1.4.1,3,1795349400.511922915,-0.000001459,0.000001464,0.000001464,-0.064,-0.000,100.636,0."
        "000006619,"
        "0.000013806,0.0,Normal\n");
    ASSERT_TRUE(tracking);
    EXPECT_EQ(tracking->address, *Address::parse("127.1.4.1"));
    EXPECT_EQ(tracking->stratum, 3);
    EXPECT_DOUBLE_EQ(tracking->reference_time_s, 1795349400.511922915);
    EXPECT_DOUBLE_EQ(tracking->root_dispersion_s, 0.000013806);
    EXPECT_EQ(tracking->leap, 0);
    EXPECT_EQ(parse_chrony_tracking("00000000,,0,0.0,0,0,0,0,0,0,1,1,0,Not synchronised\n")->leap, 3);
    EXPECT_EQ(parse_chrony_tracking("00000000,,0,0.0,0,0,0,0,0,0,1,1,0,whatever comes\n")->leap, 3);
    EXPECT_EQ(parse_chrony_tracking("506 Cannot talk to daemon\n").error().code, Errc::parse);
}

}  // namespace
}  // namespace ntpopt
