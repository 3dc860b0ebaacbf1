// JSON from outside is bounded and never throws.
#include "common/json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace ntpopt {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
    EXPECT_EQ(render_json(*parse_json(R"({"b":1,"a":[true,null,0.12]})")), R"({"b":1,"a":[true,null,0.12]})");
}

TEST(Json, RefusesWhatIsTooLongTooDeepOrBroken) {
    EXPECT_FALSE(parse_json("[1,2,3]", 6));
    EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
    EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
    EXPECT_TRUE(parse_json("\"" + std::string(100, '[') + "\""));
    EXPECT_FALSE(parse_json("{"));
    EXPECT_FALSE(parse_json("{\"a\":1} x"));
}

TEST(Json, ReadsMembersWithoutTrust) {
    const auto json = *parse_json(R"({"s":"x","n":1.5,"i":-3,"b":true,"a":[1],"huge":18446744073709551615})");
    EXPECT_EQ(get_string(json, "s"), "x");
    EXPECT_EQ(get_string(json, "n", "fallback"), "fallback");
    EXPECT_EQ(get_number(json, "n"), 1.5);
    EXPECT_EQ(get_integer(json, "i"), -3);
    EXPECT_EQ(get_integer(json, "n"), std::nullopt);
    EXPECT_EQ(get_integer(json, "huge"), std::nullopt);
    EXPECT_TRUE(get_bool(json, "b"));
    EXPECT_EQ(get_array(json, "a").size(), 1U);
    EXPECT_TRUE(get_array(json, "s").empty());
    EXPECT_TRUE(get_object(Json(3), "x").empty());
}

TEST(Json, NeverWritesInfinityOrInvalidText) {
    EXPECT_TRUE(number_or_null(std::numeric_limits<double>::infinity()).is_null());
    EXPECT_TRUE(number_or_null(std::nullopt).is_null());
    EXPECT_EQ(number_or_null(0.5), Json(0.5));
    EXPECT_NO_THROW(static_cast<void>(render_json(Json("\xff\xfe"))));
}

}  // namespace
}  // namespace ntpopt
