// What ntpoptd and ntpopt-fetch say to each other: both ways, and what a child that went wrong might say.
#include "daemon/core/discover/fetching.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

TEST(Fetching, a_request_arrives_as_it_was_sent) {
    const std::vector<Address> both{*Address::parse("192.0.2.1"), *Address::parse("2001:db8::1")};
    const FetchRequest request{
        "https://lists.example/a?b=\"c\"", "home.example", both, "\"v1\"", std::chrono::seconds(7), 1234};
    EXPECT_EQ(*parse_fetch_request(render_fetch_request(request)), request);
    for (const auto* text : {"", "{", "[]", "{}", "{\"url\":5}", "{\"url\":\"\"}",
                             "{\"url\":\"x\",\"addresses\":[\"x\"]}", "{\"url\":\"x\",\"addresses\":[5]}"})
        EXPECT_FALSE(parse_fetch_request(text)) << text;
}

TEST(Fetching, the_host_of_a_url_is_found) {
    EXPECT_EQ(host_of_url("https://lists.example/a/b")->text(), "lists.example");
    EXPECT_EQ(host_of_url("https://u:p@lists.example:8443?q=1")->text(), "lists.example");
    EXPECT_EQ(host_of_url("https://[2001:db8::1]:8443/x@y")->text(), "2001:db8::1");
    EXPECT_FALSE(host_of_url("https:///x"));
    EXPECT_FALSE(host_of_url("https://bad host/"));
}

TEST(Fetching, an_answer_arrives_as_it_was_sent) {
    const FetchReply good{false, "\"v1\"", std::string("a.example\nb.example\n\0\xff", 22), {}, {}};
    EXPECT_EQ(*parse_fetch_reply(render_fetch_reply(good)), good);
    const FetchReply same{true, "\"v1\"", "", {}, {}};
    EXPECT_EQ(*parse_fetch_reply(render_fetch_reply(same)), same);
    const FetchReply moved{false, "", "", "https://other.example/list", "other.example"};
    EXPECT_EQ(*parse_fetch_reply(render_fetch_reply(moved)), moved);
    const auto failed = parse_fetch_reply(render_fetch_reply(Error{Errc::refused, "not https: \x1b[31m\xff"}));
    EXPECT_EQ(failed.error().code, Errc::io);
    EXPECT_THAT(failed.error().detail, testing::StartsWith("not https: \\x1b[31m"));
}

TEST(Fetching, what_is_no_answer_is_refused) {
    for (const auto& text : {std::string(), std::string("\n"), std::string("killed"), std::string("[1]\nbody"),
                             std::string("{}"), std::string(kMaxFetchHead + 1, ' ') + "{}\nbody"})
        EXPECT_EQ(parse_fetch_reply(text).error().code, Errc::parse) << text.substr(0, 20);
    EXPECT_EQ(parse_fetch_reply("{\"etag\":\"\\u001b\"}\nx")->etag, "");
    EXPECT_EQ(parse_fetch_reply("{\"unchanged\":true}\nx")->body, "");
}

}  // namespace
}  // namespace ntpopt
