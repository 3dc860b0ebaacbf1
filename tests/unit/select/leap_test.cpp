// Leap seconds: the list, the window around them, and a service that would handle them twice.
#include "daemon/core/select/leap.hpp"

#include <gmock/gmock.h>

namespace ntpopt {
namespace {

constexpr double kLeap2017 = 1483228800;  // 2017-01-01T00:00:00Z

TEST(Leap, ReadsTheListOfTheIers) {
    const auto instants = parse_leap_seconds(
        "#$\t 3676924800\n#@\t3707596800\n3644697600\t36\t# 1 Jul 2015\n3692217600      37      # 1 Jan 2017\n");
    EXPECT_THAT(instants, testing::ElementsAre(1435708800, kLeap2017));
}

TEST(Leap, PassesOverWhatMakesNoSense) {
    EXPECT_THAT(parse_leap_seconds("x 1\n-5 2\n99999999999999999999999 3\n12\n12x 3\n"), testing::IsEmpty());
    std::string many;
    for (int i = 0; i < 2000; ++i)
        many += "3692217600 37\n";
    EXPECT_EQ(parse_leap_seconds(many).size(), 1000U);
}

TEST(Leap, TheWindowIsADayEachWay) {
    const std::vector<double> leaps{kLeap2017};
    EXPECT_TRUE(is_leap_window(leaps, kLeap2017));
    EXPECT_TRUE(is_leap_window(leaps, kLeap2017 - 86400));
    EXPECT_TRUE(is_leap_window(leaps, kLeap2017 + 86400));
    EXPECT_FALSE(is_leap_window(leaps, kLeap2017 - 86401));
    EXPECT_FALSE(is_leap_window(leaps, kLeap2017 + 86401));
    EXPECT_FALSE(is_leap_window({}, kLeap2017));
}

TEST(Leap, ASmearedSetAndAServiceThatInsertsLeapSecondsContradictEachOther) {
    EXPECT_FALSE(find_leap_conflict(Timescale::utc, "leapsectz right/UTC"));
    EXPECT_FALSE(find_leap_conflict(Timescale::smear_24h, ""));
    EXPECT_THAT(*find_leap_conflict(Timescale::smear_24h, "leapsectz right/UTC"),
                testing::AllOf(testing::HasSubstr("smear-24h"), testing::HasSubstr("leapsectz right/UTC")));
}

}  // namespace
}  // namespace ntpopt
