// What the two processes tell each other survives the way; what a taken-over one might send does not.
#include "daemon/core/service/service.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

Json server(std::string_view text) {
    return *parse_json(text);
}

TEST(Choices, survive_the_way) {
    const Choice named{
        *Endpoint::parse("time.example"), *Address::parse("192.0.2.1"), false, 0, Timescale::utc, -0.5, 0.001};
    const Choice pool{*Endpoint::parse("pool.example:124"), std::nullopt, true, 3, Timescale::smear_24h, 0, 0};
    const Choice v6{*Endpoint::parse("[2001:db8::1]:11123"), std::nullopt, false, 0, Timescale::unknown, 0, 0};
    const auto choices = parse_choices(Json::array({to_json(named), to_json(pool), to_json(v6)}));
    ASSERT_TRUE(choices) << choices.error().detail;
    EXPECT_EQ(*choices, (std::vector<Choice>{named, pool, v6}));
}

TEST(Choices, hostile_ones_are_refused) {
    for (const std::string_view text :
         {R"({"name":"a\nallow 0/0"})", R"({"name":"a b"})", R"({"name":""})", R"({})", R"({"name":5})", R"([])",
          R"("a")", R"({"name":"a","port":0})", R"({"name":"a","port":65536})", R"({"name":"a","port":"123"})",
          R"({"name":"a","address":"x"})", R"({"name":"a","address":"224.0.1.1"})", R"({"name":"0.0.0.0"})",
          R"({"name":"10.0.0.1","pool":true})", R"({"name":"a","maxsources":17,"pool":true})",
          R"({"name":"a","timescale":"martian"})", R"({"name":"a","nts":true})"})
        EXPECT_FALSE(parse_choice(server(text))) << text;
}

TEST(Choices, ten_thousand_servers_and_twins_are_refused) {
    Json many = Json::array();
    for (int i = 0; i < 10000; ++i)
        many.push_back({{"name", "s" + std::to_string(i) + ".example"}});
    EXPECT_EQ(parse_choices(many).error().code, Errc::invalid_argument);
    EXPECT_FALSE(parse_choices(server(R"([{"name":"a.example"},{"name":"A.example."}])")));
    EXPECT_FALSE(parse_choices(server(R"({"name":"a"})")));
}

TEST(Observation, survives_the_way) {
    ServiceObservation observation;
    observation.service = Service::chronyd;
    observation.unit = "chrony.service";
    observation.version = "4.3";
    observation.active = true;
    observation.config_path = "/etc/chrony/chrony.conf";
    observation.instance = "12:345";
    observation.invocation = "000102030405060708090a0b0c0d0e0f";
    observation.sources.push_back(
        {"time.example", *Address::parse("192.0.2.1"), 123, true, true, "ours", "selected", 2, 255, 0.001});
    observation.sources.push_back(observation.sources.front());
    observation.sources.front().record = SourceRecord{20, 9, 1200.5, 0.0003, -0.001, 40};
    observation.sources.push_back(observation.sources.back());
    observation.sources.back().record = SourceRecord{.deviation_s = 0.0003, .age_s = 40};
    observation.base_names = {"pool.example"};
    observation.synchronised = true;
    observation.peer = "time.example";
    observation.offset_s = -0.0001;
    observation.reference_time_usec = 1795349400511922;
    observation.leap = 0;
    observation.refusals = {"because"};
    observation.conflict = true;
    observation.capabilities = {true, true, true, true, true, 2};
    observation.kept = {{3, 1795349400511000, {"old.example"}, false}, {0, 0, {}, true}};
    const auto again = parse_observation(to_json(observation));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(to_json(*again), to_json(observation));
    EXPECT_EQ(again->sources, observation.sources);
    EXPECT_EQ(again->kept, observation.kept);
}

TEST(Observation, an_absent_key_is_a_default_and_a_wrong_one_an_error) {
    const auto sparse = parse_observation(server(R"({"service":"none"})"));
    ASSERT_TRUE(sparse);
    EXPECT_EQ(sparse->leap, 3);
    EXPECT_FALSE(sparse->active);
    EXPECT_FALSE(parse_observation(server(R"({"service":"none","conflict":true})"))->conflict) << "with what?";
    EXPECT_FALSE(parse_observation(server(R"({"service":"xntpd"})")));
    EXPECT_FALSE(parse_observation(server(R"({"service":"none","leap":7})")));
    EXPECT_FALSE(parse_observation(server(R"({"service":"none","sources":[{"name":"a","address":"nowhere"}]})")));
    EXPECT_FALSE(parse_observation(server(R"({"service":"none","kept":[{"transaction":-1}]})")));
    EXPECT_FALSE(parse_observation(server(R"({"service":"none","kept":["all of them"]})")));
    EXPECT_EQ(parse_observation(server(R"({"service":"none","unit":"a\u001b[31m"})"))->unit, "a\\x1b[31m");
}

TEST(Observation, a_record_that_cannot_be_is_none) {
    const auto record = [](const std::string& keys) {
        const auto seen = parse_observation(server(R"({"service":"chronyd","sources":[{"name":"a",)" + keys + "}]}"));
        return seen ? seen->sources.at(0).record : std::nullopt;
    };
    EXPECT_TRUE(record(R"("deviation_s":0.001,"age_s":3)"));
    EXPECT_FALSE(record(R"("deviation_s":0.001,"age_s":3,"span_s":-1)")->span_s);
    for (const std::string keys :
         {R"("samples":8,"runs":3)", R"("deviation_s":0.001)", R"("age_s":3)", R"("deviation_s":-1,"age_s":3)",
          R"("deviation_s":"x","age_s":3)", R"("deviation_s":0.001,"age_s":-1)", R"("deviation_s":1e300,"age_s":3)",
          R"("deviation_s":0.001,"age_s":3,"samples":-1)", R"("deviation_s":0.001,"age_s":3,"samples":1.5)",
          R"("deviation_s":0.001,"age_s":3,"samples":1000001)", R"("deviation_s":0.001,"age_s":3,"runs":-1)"})
        EXPECT_FALSE(record(keys)) << keys;
}

TEST(Transaction, survives_the_way) {
    TransactionReport report;
    report.id = 7;
    report.state = TransactionState::rolled_back;
    report.kind = "apply";
    report.reason = "nobody answered";
    report.interrupted = true;
    report.selected = {"a.example"};
    report.previous = {"b.example"};
    report.started_usec = 1;
    report.ended_usec = 2;
    EXPECT_EQ(to_json(*parse_transaction(to_json(report))), to_json(report));
    EXPECT_FALSE(parse_transaction(server(R"({"transaction":-1,"state":"committed"})")));
    EXPECT_FALSE(parse_transaction(server(R"({"transaction":1,"state":"done"})")));
}

TEST(Service, AMarkOfTheEvidenceComesBackOrIsRefused) {
    TransactionReport report;
    report.id = 3;
    report.kind = "apply";
    EXPECT_EQ(parse_transaction(to_json(report))->evidence, EvidenceMark{});
    report.evidence = {12, std::string(64, 'e')};
    EXPECT_EQ(parse_transaction(to_json(report))->evidence, report.evidence);
    ServiceObservation seen;
    seen.evidence = report.evidence;
    EXPECT_EQ(parse_observation(to_json(seen))->evidence, report.evidence);
    for (const auto& [seq, head] : {std::pair(Json(12), Json("e")),
                                    {Json(0), Json(std::string(64, 'e'))},
                                    {Json(-1), Json(std::string(64, 'e'))},
                                    {Json("12"), Json(std::string(64, 'e'))},
                                    {Json(12), Json(std::string(64, 'E'))},
                                    {Json(12), Json()},
                                    {Json(), Json(std::string(64, 'e'))}}) {
        auto json = to_json(report);
        json["evidence_seq"] = seq;
        json["evidence_head"] = head;
        EXPECT_FALSE(parse_transaction(json)) << json.dump();
    }
}

}  // namespace
}  // namespace ntpopt
