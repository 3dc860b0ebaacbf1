// Arguments from strangers: what is taken, and how the rest is named.
#include "daemon/api/requests.hpp"

#include <gmock/gmock.h>

namespace ntpopt {
namespace {

Json json(const char* text) {
    return Json::parse(text);
}

TEST(Requests, Flags) {
    EXPECT_EQ(parse_flag(json("{}"), "dry_run").value(), false);
    EXPECT_EQ(parse_flag(json(R"({"dry_run":true})"), "dry_run").value(), true);
    EXPECT_EQ(parse_flag(json(R"({"dry_run":1})"), "dry_run").error().detail, "option 'dry_run' is a boolean");
    EXPECT_EQ(parse_flag(json(R"({"dryrun":true})"), "dry_run").error().detail, "unknown option 'dryrun'");
    EXPECT_EQ(parse_flag(json(R"({"x\u0007":true})"), "dry_run").error().detail, R"(unknown option 'x\x07')");
}

TEST(Requests, HistoryQueries) {
    const auto all = parse_history_query(json("{}")).value();
    EXPECT_EQ(all.limit, 1000U);
    EXPECT_FALSE(all.server);
    const auto some =
        parse_history_query(json(R"({"server":"A.example","since_usec":5,"until_usec":9,"limit":3,"trace":true})"))
            .value();
    EXPECT_EQ(some.server->text(), "a.example");
    EXPECT_EQ(some.since_usec, 5U);
    EXPECT_EQ(some.until_usec, 9U);
    EXPECT_EQ(some.limit, 3U);
    EXPECT_TRUE(some.trace);
    EXPECT_FALSE(some.json);
    EXPECT_TRUE(parse_history_query(json(R"({"json":true})"))->json);
    EXPECT_TRUE(parse_history_query(json(R"({"brief":true,"trace":false})"))->brief);
    for (const auto* bad : {R"({"limit":1001})", R"({"limit":-1})", R"({"limit":"3"})", R"({"server":5})",
                            R"({"server":"a b"})", R"({"trace":1})", R"({"since":5})", R"({"since_usec":-5})",
                            R"({"json":true,"trace":true})", R"({"brief":"yes"})"})
        EXPECT_EQ(parse_history_query(json(bad)).error().code, Errc::invalid_argument) << bad;
}

TEST(Requests, EvidenceQueries) {
    const auto all = parse_evidence_query(json("{}")).value();
    EXPECT_EQ(all.limit, 1000U);
    EXPECT_EQ(all.to_usec, UINT64_MAX);
    const auto some = parse_evidence_query(json(R"({"from_usec":5,"to_usec":9,"after_seq":3,"limit":1})")).value();
    EXPECT_EQ(some.from_usec, 5U);
    EXPECT_EQ(some.to_usec, 9U);
    EXPECT_EQ(some.after_seq, 3U);
    EXPECT_EQ(some.limit, 1U);
    for (const auto* bad : {R"({"limit":1001})", R"({"limit":-1})", R"({"after_seq":"3"})", R"({"from":5})"})
        EXPECT_EQ(parse_evidence_query(json(bad)).error().code, Errc::invalid_argument) << bad;
}

TEST(Requests, TimesAreBounded) {
    EXPECT_EQ(parse_usec("it", 1'000'000).value(), std::chrono::seconds(1));
    EXPECT_EQ(parse_usec("it", UINT64_MAX).error().detail, "it is at most ten years");
}

TEST(Requests, ServersAreNames) {
    EXPECT_EQ(parse_server("Time.Example.").value().text(), "time.example");
    for (const std::string bad : {"a\nserver evil", "", "-x", "a b"})
        EXPECT_FALSE(parse_server(bad)) << bad;
    const auto huge = parse_server(std::string(1'000'000, 'a'));
    EXPECT_LT(huge.error().detail.size(), 512U);
}

}  // namespace
}  // namespace ntpopt
