// Durations as text.
#include "common/duration.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatPeopleWrite) {
    EXPECT_EQ(*parse_duration("6h"), 6h);
    EXPECT_EQ(*parse_duration("2min"), 2min);
    EXPECT_EQ(*parse_duration("1h 30min"), 90min);
    EXPECT_EQ(*parse_duration("1h30m"), 90min);
    EXPECT_EQ(*parse_duration("0.5s"), 500ms);
    EXPECT_EQ(*parse_duration("90d"), std::chrono::days(90));
    EXPECT_EQ(*parse_duration(" 20 ms "), 20ms);
    EXPECT_EQ(*parse_duration("0"), 0s);
}

TEST(Duration, RefusesWhatIsAmbiguousOrTooLong) {
    for (const auto* text : {"", "6", "h", "6 hours", "-1h", "1e3s", "inf s", "nan s", "6h x", "11000d", "1..5s", "6H"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Duration, RendersTheShortestExactForm) {
    EXPECT_EQ(render_duration(6h), "6h");
    EXPECT_EQ(render_duration(90min), "1h 30min");
    EXPECT_EQ(render_duration(500ms), "500ms");
    EXPECT_EQ(render_duration(std::chrono::days(90)), "90d");
    EXPECT_EQ(render_duration(std::chrono::weeks(2)), "2w");
    EXPECT_EQ(render_duration(0s), "0");
    for (const auto duration : {Duration(1), Duration(1h + 1ns), Duration(100h), Duration(15min)})
        EXPECT_EQ(*parse_duration(render_duration(duration)), duration);
}

}  // namespace
}  // namespace ntpopt
