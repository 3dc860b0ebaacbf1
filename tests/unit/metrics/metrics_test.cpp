// What is counted, as tables: buckets, packets by their fate, rounds by their outcome, the rows of chosen servers.
#include "daemon/core/metrics/metrics.hpp"

#include <gmock/gmock.h>

#include "daemon/core/ntp/burst.hpp"

namespace ntpopt {
namespace {

Metrics began_at(std::int64_t seconds) {
    return Metrics(RealTime{} + std::chrono::seconds(seconds));
}

TEST(Histogram, CountsAreCumulativeAndABoundBelongsToItsBucket) {
    Histogram histogram{1, 10};
    for (const double value : {0.5, 1.0, 1.5, 10.0, 11.0})
        histogram.note(value);
    EXPECT_EQ(render_json(histogram.document()),
              R"({"buckets":[{"le":1.0,"count":2},{"le":10.0,"count":4}],"sum":24.0,"count":5})");
}

TEST(Metrics, PacketsAreCountedByTheirFate) {
    Measurement good;
    good.samples = {Sample{}, std::nullopt, Sample{}};
    good.refused_as = {1, 2, 3, 4};
    Measurement bad;
    bad.samples = {std::nullopt, std::nullopt};
    bad.unsent = 1;
    bad.kisses = 1;
    auto metrics = began_at(1);
    metrics.note_probed({good, bad});
    metrics.note_probed({bad});
    const auto document = metrics.document();
    EXPECT_EQ(document["packets_sent"], 5);
    EXPECT_EQ(document["packets_answered"], 2);
    EXPECT_EQ(document["kisses"], 2);
    EXPECT_EQ(render_json(document["packets_refused"]),
              R"({"malformed":1,"unsolicited":2,"untimely":3,"implausible":4})");
}

TEST(Metrics, EveryReasonHasAClass) {
    const std::vector<std::pair<Refusal, RefusalClass>> kTable{{Refusal::short_packet, RefusalClass::malformed},
                                                               {Refusal::mode, RefusalClass::malformed},
                                                               {Refusal::version, RefusalClass::malformed},
                                                               {Refusal::zero_origin, RefusalClass::unsolicited},
                                                               {Refusal::bogus_origin, RefusalClass::unsolicited},
                                                               {Refusal::duplicate, RefusalClass::untimely},
                                                               {Refusal::late, RefusalClass::untimely},
                                                               {Refusal::no_timestamps, RefusalClass::implausible},
                                                               {Refusal::processing_time, RefusalClass::implausible},
                                                               {Refusal::negative_delay, RefusalClass::implausible}};
    for (const auto& [refusal, wanted] : kTable)
        EXPECT_EQ(class_of(refusal), wanted) << describe(refusal);
}

TEST(Metrics, ABurstCountsWhatItRefusedAndWhatNeverLeft) {
    Burst burst({2, std::chrono::seconds(1), std::chrono::seconds(1), Duration::zero()}, {1, 2}, Duration::zero());
    [[maybe_unused]] auto action = burst.start(Duration::zero());
    action = burst.on_send_failed(Duration::zero(), 0, "no route");
    action = burst.on_packet(Duration::zero(), std::vector<std::uint8_t>(7), Duration::zero());
    action = burst.on_packet(Duration::zero(), std::vector<std::uint8_t>(48), Duration::zero());
    const auto measurement = burst.take_measurement();
    EXPECT_EQ(measurement.unsent, 1);
    EXPECT_EQ(measurement.refused, 2);
    EXPECT_EQ(measurement.refused_as[static_cast<std::size_t>(RefusalClass::malformed)], 2);
}

TEST(Metrics, RoundsAreCountedByOutcomeAndOneOfAnEarlierLifeHasNoDuration) {
    auto metrics = began_at(1);
    metrics.note_round(Outcome::applied, 12.0);
    metrics.note_round(Outcome::applied, std::nullopt);
    metrics.note_round(Outcome::failed, 80.0);
    const auto document = metrics.document();
    EXPECT_EQ(document["start_usec"], 1'000'000);
    EXPECT_EQ(render_json(document["rounds"]),
              R"({"applied":2,"unchanged":0,"would_apply":0,"no_consensus":0,"no_usable_servers":0,"refused":0,)"
              R"("rolled_back":0,"degraded":0,"failed":1})");
    EXPECT_EQ(render_json(document["round_durations"]),
              R"({"buckets":[{"le":15.0,"count":1},{"le":60.0,"count":1}],"sum":92.0,"count":2})");
    EXPECT_TRUE(document["candidates_left"].is_null());
}

TEST(Metrics, AnUnsynchronisedServiceHasNoBound) {
    auto metrics = began_at(1);
    ServiceObservation service;
    metrics.note_observed(service);
    service.synchronised = true;
    service.leap = 0;
    service.offset_s = -0.001;
    service.root_delay_s = 0.004;
    service.root_dispersion_s = 0.003;
    metrics.note_observed(service);
    const auto bounds = metrics.document()["clock_error_bounds"];
    EXPECT_EQ(bounds["count"], 1);
    EXPECT_DOUBLE_EQ(bounds["sum"].get<double>(), 0.006);
    EXPECT_EQ(bounds["buckets"][0]["count"], 0);
    EXPECT_EQ(bounds["buckets"][1]["count"], 1);
}

TEST(Metrics, ChosenServersHaveTheFiguresOfTheLastRoundInBaseUnits) {
    const Json measured{{{"name", "a.test"},
                         {"offset_ms", -2.0},
                         {"delay_ms", 8.0},
                         {"jitter_ms", nullptr},
                         {"stratum", 2},
                         {"reachability", 100.0},
                         {"answered", 50.0},
                         {"score", 90.5}}};
    ServiceSource heard{.name = "a.test", .address = {}, .origin = {}, .state = {}, .reach = 1, .offset_s = {}};
    ServiceSource silent{.name = "pool.test", .address = {}, .pool = true, .origin = {}, .state = {}, .offset_s = {}};
    const auto rows = chosen_servers({"a.test", "pool.test", "c.test:1123"}, measured, {heard, silent});
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(render_json(rows[0]),
              R"({"name":"a.test","heard":true,"offset_s":-0.002,"delay_s":0.008,"jitter_s":null,"error_s":null,)"
              R"("stratum":2,"answered_ratio":0.5,"score":90.5})");
    EXPECT_EQ(render_json(rows[1]), R"({"name":"pool.test","heard":false})");
    EXPECT_EQ(render_json(rows[2]), R"({"name":"c.test:1123","heard":null})");
}

TEST(Metrics, NoMoreServersThanCanBeChosen) {
    const std::vector<std::string> many(40, "a.test");
    EXPECT_EQ(chosen_servers(many, Json::array(), {}).size(), kMaxChoices);
}

}  // namespace
}  // namespace ntpopt
