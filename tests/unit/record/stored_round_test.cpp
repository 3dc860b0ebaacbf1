// A round packed for the memory comes back as it was, and is written out without being parsed.
#include "daemon/core/record/stored_round.hpp"

#include <gmock/gmock.h>

namespace ntpopt {
namespace {

using testing::HasSubstr;

Json round_of(Json servers) {
    return Json{{"run_id", 7},
                {"timestamp", "2026-01-02T03:04:05.678Z"},
                {"region", "asia/in"},
                {"outcome", "applied"},
                {"reason", "3 of 4 \"agree\""},
                {"confidence", "high"},
                {"selected", {"a.test"}},
                {"previous", Json::array()},
                {"servers", std::move(servers)},
                {"trigger", "schedule"}};
}

Json server(const std::string& name, const std::string& verdict, const Json& parts) {
    return Json{{"rank", nullptr},   {"name", name},         {"offset_ms", -0.123456789},
                {"jitter_ms", 0.25}, {"stratum", 2},         {"reachability", 100},
                {"score", 90.5},     {"score_parts", parts}, {"verdict", verdict}};
}

const Json kParts{{"jitter", 95.0}, {"regional_bonus", true}};

Json sample() {
    return round_of({server("a.test", "chosen", kParts), server("b]\",{.test", "unreachable", nullptr)});
}

TEST(StoredRound, ComesBackWithEveryKeyInItsPlace) {
    auto document = sample();
    const auto packed = pack_round(document).value();
    EXPECT_EQ(packed.run_id, 7U);
    EXPECT_EQ(packed.started_usec, 1'767'323'045'678'000U);
    EXPECT_EQ(packed.asked, 2);
    EXPECT_EQ(packed.score, 90.5);
    EXPECT_LT(packed.servers.size(), render_json(document["servers"]).size());
    for (auto& row : document["servers"])
        row["offset_ms"] = -0.123457;
    EXPECT_EQ(render_json(unpack_round(packed).value()), render_json(document));
}

TEST(StoredRound, WithoutServersItIsARoundToo) {
    const auto packed = pack_round(round_of(Json::array())).value();
    EXPECT_FALSE(packed.score);
    EXPECT_EQ(render_json(unpack_round(packed).value()), render_json(round_of(Json::array())));
    EXPECT_THAT(render_history_entry(packed).value(), HasSubstr(R"("servers":[],)"));
}

TEST(StoredRound, AKeyThatOneServerLacksIsNull) {
    auto document = round_of({Json{{"name", "a"}}, Json{{"name", "b"}, {"score", 5}}});
    const auto back = unpack_round(pack_round(document).value()).value();
    EXPECT_EQ(render_json(back["servers"]), R"([{"name":"a","score":null},{"name":"b","score":5}])");
}

TEST(StoredRound, AHistoryEntryIsTheDocumentedOne) {
    const auto text = render_history_entry(pack_round(sample()).value()).value();
    EXPECT_THAT(text,
                testing::StartsWith(
                    R"({"timestamp":"2026-01-02T03:04:05.678Z","region":"asia/in","servers":[{"hostname":"a.test",)"
                    R"("offset":-0.123457,"jitter":0.25,"stratum":2,"reachability":100,"score":90.5,"rank":null,)"
                    R"("name":"a.test",)"));
    const auto entry = parse_json(text).value();
    ASSERT_EQ(entry["servers"].size(), 2U);
    EXPECT_EQ(get_string(entry["servers"][1], "hostname"), "b]\",{.test");
    EXPECT_TRUE(entry["servers"][1]["score_parts"].is_null());
    EXPECT_EQ(entry["servers"][0]["score_parts"], kParts);
    EXPECT_EQ(get_string(entry, "reason"), "3 of 4 \"agree\"");
    EXPECT_EQ(get_integer(entry, "run_id"), 7);
}

TEST(StoredRound, OneServersRowsAreFoundByItsName) {
    const auto packed = pack_round(sample()).value();
    for (const std::string name : {"a.test", "b]\",{.test"}) {
        const auto entry = parse_json(render_history_entry(packed, name).value()).value();
        ASSERT_EQ(entry["servers"].size(), 1U);
        EXPECT_EQ(get_string(entry["servers"][0], "name"), name);
    }
    EXPECT_TRUE(parse_json(render_history_entry(packed, "c.test").value()).value()["servers"].empty());
}

TEST(StoredRound, BriefItHasFiguresForItsServers) {
    const auto brief = brief_history_entry(pack_round(sample()).value()).value();
    EXPECT_EQ(get_integer(brief, "asked"), 2);
    EXPECT_EQ(get_number(brief, "score"), 90.5);
    EXPECT_FALSE(brief.contains("servers"));
}

TEST(StoredRound, WhatIsNoRoundIsRefused) {
    for (const auto* bad :
         {"null", "[]", "{}", R"({"run_id":1})", R"({"run_id":-1,"timestamp":"2026-01-02T03:04:05Z"})",
          R"({"run_id":1,"timestamp":"yesterday"})"})
        EXPECT_FALSE(pack_round(parse_json(bad).value())) << bad;
}

TEST(StoredRound, CutAnywhereItIsDamagedAndNothingWorse) {
    const auto whole = pack_round(sample()).value();
    for (std::size_t length = 0; length < whole.servers.size(); ++length) {
        auto cut = whole;
        cut.servers.resize(length);
        EXPECT_FALSE(unpack_round(cut)) << cut.servers;
        EXPECT_FALSE(render_history_entry(cut)) << cut.servers;
    }
    auto cut = whole;
    cut.head.pop_back();
    EXPECT_FALSE(unpack_round(cut));
    EXPECT_FALSE(brief_history_entry(cut));
}

}  // namespace
}  // namespace ntpopt
