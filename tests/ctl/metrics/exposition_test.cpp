// The text format: bounds, escapes, what is left out. The whole text stands in tests/ctl/client/golden/metrics.txt.
#include "ctl/exposition.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;

std::size_t series_of(const std::string& text) {
    std::size_t count = 0;
    for (const auto line : lines(text))
        if (!line.empty() && line.front() != '#') ++count;
    return count;
}

Json histogram(std::size_t buckets) {
    Json rows = Json::array();
    for (std::size_t i = 0; i < buckets; ++i)
        rows.push_back({{"le", static_cast<double>(i)}, {"count", i}});
    return {{"buckets", rows}, {"sum", 1.5}, {"count", 7}};
}

/// Everything that can be known, and more of it than is allowed.
Json endless(std::size_t servers) {
    Json words = Json::object();
    for (int i = 0; i < 100; ++i)
        words["word" + std::to_string(i)] = i;
    Json rows = Json::array();
    for (std::size_t i = 0; i < servers; ++i)
        rows.push_back({{"name", "s" + std::to_string(i)},
                        {"heard", true},
                        {"offset_s", 0.1},
                        {"delay_s", 0.1},
                        {"jitter_s", 0.1},
                        {"error_s", 0.1},
                        {"stratum", 2},
                        {"answered_ratio", 1.0},
                        {"score", 90},
                        {"more", 1}});
    return {{"version", "1"},
            {"start_usec", 1},
            {"service", "chronyd"},
            {"service_active", true},
            {"synchronised", true},
            {"observation_age_s", 1},
            {"clock_error_bound_s", 1},
            {"clock_error_bounds", histogram(3)},
            {"rounds", words},
            {"round_durations", histogram(2)},
            {"last_round_usec", 1},
            {"last_round_good", true},
            {"next_round_usec", 1},
            {"packets_sent", 1},
            {"packets_answered", 1},
            {"packets_refused", {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}},
            {"kisses", 1},
            {"changes_left", 1},
            {"candidates_left", 1},
            {"blacklisted", 1},
            {"servers", rows}};
}

TEST(Exposition, ADaemonThatDoesNotAnswerIsAllThatIsSaid) {
    EXPECT_EQ(render_exposition(nullptr),
              "# HELP ntpopt_up Whether ntpoptd answers.\n# TYPE ntpopt_up gauge\nntpopt_up 0\n");
}

TEST(Exposition, AtMostFortySeriesAndEightAServer) {
    EXPECT_EQ(series_of(render_exposition(endless(0))), 40U);
    EXPECT_EQ(series_of(render_exposition(endless(3))), 40U + 3 * 8);
    EXPECT_EQ(series_of(render_exposition(endless(1000))), 40U + 16 * 8);
}

TEST(Exposition, NoSeriesComesTwice) {
    auto metrics = endless(2);
    metrics["servers"][1]["name"] = metrics["servers"][0]["name"];
    EXPECT_EQ(series_of(render_exposition(metrics)), 48U);
}

TEST(Exposition, LabelsAreEscaped) {
    auto metrics = endless(1);
    metrics["servers"][0]["name"] = "a\"b\\c\nd\xff";
    metrics["version"] = std::string(10'000, 'v');
    const auto text = render_exposition(metrics);
    EXPECT_THAT(text, HasSubstr(R"(ntpopt_server_stratum{server="a\"b\\c\\x0ad\\xff"} 2)"));
    for (const auto line : lines(text))
        EXPECT_LT(line.size(), 400U);
}

TEST(Exposition, WhatIsNotKnownOrNoNumberIsLeftOutWithItsHead) {
    const auto text = render_exposition({{"packets_sent", "many"},
                                         {"next_round_usec", 0},
                                         {"kisses", std::numeric_limits<double>::infinity()},
                                         {"rounds", {{"applied", "x"}}},
                                         {"round_durations", 7},
                                         {"servers", {1, "x", nullptr}}});
    EXPECT_EQ(series_of(text), 2U) << text;
    for (const auto* absent : {"packets", "next_round", "kisses", "rounds", "duration", "server"})
        EXPECT_THAT(text, Not(HasSubstr(absent)));
}

TEST(Exposition, TimesAreSecondsAndKeepTheirDigits) {
    const auto text =
        render_exposition({{"start_usec", 1'764'000'000'123'456}, {"last_round_usec", 1'764'000'000'000'000}});
    EXPECT_THAT(text, HasSubstr("\nntpopt_start_time_seconds 1764000000.123456\n"));
    EXPECT_THAT(text, HasSubstr("\nntpopt_last_round_timestamp_seconds 1764000000\n"));
}

}  // namespace
}  // namespace ntpopt::ctl
