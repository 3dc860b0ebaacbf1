// ISO 8601 times.
#include "common/time_text.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

TEST(TimeText, RendersUtcWithMilliseconds) {
    EXPECT_EQ(render_time(from_usec(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(render_time(from_usec(1'795'348'800'123'456)), "2026-11-22T12:00:00.123Z");
}

TEST(TimeText, ReadsWhatItRenders) {
    for (const std::uint64_t usec : {0ULL, 1'795'348'800'123'000ULL, 4'102'444'799'999'000ULL})
        EXPECT_EQ(to_usec(*parse_time(render_time(from_usec(usec)))), usec);
    EXPECT_EQ(to_usec(*parse_time("2026-11-22T12:00:00Z")), 1'795'348'800'000'000U);
}

TEST(TimeText, RefusesWhatIsNoTime) {
    for (const auto* text :
         {"", "2026-11-22", "2026-11-22T12:00:00", "2026-02-30T12:00:00Z", "2026-11-22T25:00:00Z",
          "2026-11-22T12:00:00.1x3Z", "x026-11-22T12:00:00Z", "-026-11-22T12:00:00Z", "9999-01-01T00:00:00Z"})
        EXPECT_FALSE(parse_time(text)) << text;
}

}  // namespace
}  // namespace ntpopt
