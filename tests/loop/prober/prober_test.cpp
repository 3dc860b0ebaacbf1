// UdpProber against servers whose truth is known. Tolerances are far above what a busy machine adds to the best of
// three samples, and far below what is being told apart.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/core/ntp/exchange.hpp"
#include "tests/loop/prober/harness.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr double kTolerance = 0.005;

std::size_t open_descriptors() {
    std::size_t count = 0;
    DIR* directory = opendir("/proc/self/fd");
    while (readdir(directory))
        ++count;
    closedir(directory);
    return count;
}

struct TruthRow {
    const char* what;
    const char* server;
    double offset_s;
    double delay_s;
};

class Truth : public testing::TestWithParam<TruthRow> {};

TEST_P(Truth, IsMeasured) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, GetParam().server);
    fleet.start();
    const auto result = run_probe({target}, quick_config());
    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].sent(), 3);
    EXPECT_EQ(result[0].received(), 3);
    EXPECT_EQ(result[0].refused, 0) << result[0].refusal;
    EXPECT_NEAR(best_sample(result[0]).offset_s, GetParam().offset_s, kTolerance);
    EXPECT_NEAR(best_sample(result[0]).delay_s, GetParam().delay_s, kTolerance);
    EXPECT_EQ(result[0].failure, "");
}

INSTANTIATE_TEST_SUITE_P(Loopback, Truth,
                         testing::Values(TruthRow{"plain", "127.40.1.1", 0, 0},
                                         TruthRow{"far", "127.40.1.1 delay=40ms", 0, 0.040},
                                         TruthRow{"liar", "127.40.1.1 offset=50ms delay=20ms", 0.050, 0.020},
                                         TruthRow{"hours_behind", "127.40.1.1 offset=-3h", -10800, 0},
                                         TruthRow{"asymmetric", "127.40.1.1 forward=30ms backward=10ms", 0.010, 0.040},
                                         TruthRow{"nine_years_ahead", "127.40.1.1 offset=80000h", 288'000'000, 0},
                                         TruthRow{"over_ipv6", "[::1]:123 offset=-70ms delay=10ms", -0.070, 0.010},
                                         TruthRow{"with_trailing_fields", "127.40.1.1 fault=trailer offset=1s", 1, 0}),
                         [](const auto& row) { return std::string(row.param.what); });

TEST(Prober, ReportsWhatTheServerSaysOfItself) {
    fakentp::Fleet fleet;
    const auto target = add_server(
        fleet, "127.40.1.2 stratum=3 leap=1 refid=192.0.2.77 root_delay=15ms root_dispersion=25ms reference_age=100s");
    fleet.start();
    const auto result = run_probe({target}, quick_config());
    ASSERT_TRUE(result[0].header);
    EXPECT_EQ(result[0].header->stratum, 3);
    EXPECT_EQ(result[0].header->leap, 1);
    EXPECT_EQ(result[0].header->refid, 0xc000024dU);
    EXPECT_NEAR(result[0].header->root_delay_s, 0.015, 1e-4);
    EXPECT_NEAR(result[0].header->root_dispersion_s, 0.025, 1e-4);
    EXPECT_NEAR(result[0].header->reference_age_s, 100, 1e-3);
}

struct FaultRow {
    const char* what;
    const char* server;
    Refusal refusal;
};

class Fault : public testing::TestWithParam<FaultRow> {};

TEST_P(Fault, GivesNoSampleAndSaysWhy) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, GetParam().server);
    fleet.start();
    auto config = quick_config();
    config.timeout = 1s;
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].sent(), 3);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_EQ(result[0].refused, 3);
    EXPECT_EQ(result[0].refusal, describe(GetParam().refusal));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, Fault,
    testing::Values(FaultRow{"empty", "127.40.2.1 fault=empty", Refusal::short_packet},
                    FaultRow{"cut", "127.40.2.1 fault=cut", Refusal::short_packet},
                    FaultRow{"echo", "127.40.2.1 fault=echo", Refusal::mode},
                    FaultRow{"mode", "127.40.2.1 fault=mode", Refusal::mode},
                    FaultRow{"version", "127.40.2.1 fault=version", Refusal::version},
                    FaultRow{"zero_origin", "127.40.2.1 fault=zero_origin", Refusal::zero_origin},
                    FaultRow{"wrong_origin", "127.40.2.1 fault=wrong_origin", Refusal::bogus_origin},
                    FaultRow{"kod_with_wrong_origin", "127.40.2.1 kod=DENY fault=wrong_origin", Refusal::bogus_origin},
                    FaultRow{"zero_receive", "127.40.2.1 fault=zero_receive", Refusal::no_timestamps},
                    FaultRow{"zero_transmit", "127.40.2.1 fault=zero_transmit", Refusal::no_timestamps},
                    FaultRow{"backwards", "127.40.2.1 fault=backwards", Refusal::processing_time},
                    FaultRow{"slow", "127.40.2.1 fault=slow", Refusal::processing_time}),
    [](const auto& row) { return std::string(row.param.what); });

TEST(Prober, AKissOfDeathEndsTheBurstAndIsNoSample) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.1 kod=RATE name=busy");
    fleet.start();
    auto config = quick_config();
    config.spacing = 5s;  // the answer comes long before the next request would
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].kiss, "RATE");
    EXPECT_EQ(result[0].sent(), 1);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_EQ(fleet.counters("busy").value().requests, 1U);
}

TEST(Prober, AnUnsynchronisedServerLeavesOnlyItsHeader) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.2 unsynchronised=yes");
    fleet.start();
    const auto result = run_probe({target}, quick_config());
    EXPECT_EQ(result[0].received(), 0);
    ASSERT_TRUE(result[0].header);
    EXPECT_EQ(result[0].header->leap, 3);
}

TEST(Prober, DuplicatesCountOnce) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.3 copies=3 offset=50ms");
    fleet.start();
    const auto result = run_probe({target}, quick_config());
    EXPECT_EQ(result[0].received(), 3);
    EXPECT_GE(result[0].refused, 4);  // the burst may end before the last answer's copies are read
    EXPECT_EQ(result[0].refusal, describe(Refusal::duplicate));
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, kTolerance);
}

TEST(Prober, ALateAnswerBelongsToItsOwnRequest) {
    fakentp::Fleet fleet;
    // Each answer comes after the next request was sent: taken for the answer to that one, its delay would be 130 ms.
    const auto target = add_server(fleet, "127.40.3.4 delay=180ms offset=50ms");
    fleet.start();
    const auto result = run_probe({target}, quick_config());
    EXPECT_EQ(result[0].received(), 3);
    EXPECT_EQ(result[0].refused, 0);
    EXPECT_NEAR(best_sample(result[0]).delay_s, 0.180, kTolerance);
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, kTolerance);
}

TEST(Prober, AnAnswerAfterItsTimeoutIsRefused) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.5 late=150ms");
    fleet.start();
    auto config = quick_config();
    config.timeout = 100ms;
    config.spacing = 1s;  // the burst is still under way when the first answer comes
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_EQ(result[0].refusal, describe(Refusal::late));
}

TEST(Prober, ASilentServerIsAskedThreeTimesAndNoMore) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.6 silent=yes name=silent");
    fleet.start();
    auto config = quick_config();
    config.timeout = 200ms;
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].sent(), 3);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_EQ(result[0].failure, "");
    EXPECT_EQ(fleet.counters("silent").value().requests, 3U);
}

TEST(Prober, OneRequestIsEnoughWhereItIsAnsweredAndThatWasAgreed) {
    fakentp::Fleet fleet;
    auto well = add_server(fleet, "127.40.3.16 offset=50ms name=well");
    auto silent = add_server(fleet, "127.40.3.17 silent=yes name=silent");
    well.once = silent.once = true;
    fleet.start();
    auto config = quick_config();
    config.timeout = 200ms;
    config.spacing = 1s;  // an answer comes before the next request would
    const auto result = run_probe({well, silent}, config);
    EXPECT_EQ(fleet.counters("well").value().requests, 1U);
    EXPECT_EQ(result[0].sent(), 1);
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, kTolerance);
    EXPECT_EQ(fleet.counters("silent").value().requests, 3U);
    EXPECT_EQ(result[1].sent(), 3);
}

TEST(Prober, LostPacketsAreGapsAndNothingElse) {
    fakentp::Fleet fleet(7);
    const auto target = add_server(fleet, "127.40.3.7 loss=50% offset=50ms name=lossy");
    fleet.start();
    auto config = quick_config();
    config.samples = 8;
    config.timeout = 2s;
    const auto result = run_probe({target}, config);
    const auto counters = fleet.counters("lossy").value();
    EXPECT_EQ(counters.requests, 8U);
    EXPECT_EQ(static_cast<std::uint64_t>(result[0].received()), counters.answers);
    EXPECT_GT(result[0].received(), 0);
    EXPECT_LT(result[0].received(), 8);
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, kTolerance);
}

TEST(Prober, ADeadServerIsAskedToTheEndAndItsErrorIsNoted) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.8 name=dead");
    ASSERT_TRUE(fleet.die("dead"));
    fleet.start();
    auto config = quick_config();
    config.timeout = 200ms;
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].sent(), 3);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_THAT(result[0].failure, HasSubstr("refused"));
}

TEST(Prober, AServerThatComesBackWithinTheBurstIsMeasured) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.9 name=phoenix offset=50ms");
    const auto trigger = add_server(fleet, "127.40.3.10 name=trigger");
    ASSERT_TRUE(fleet.die("phoenix"));
    fleet.start();
    auto config = quick_config();
    config.samples = 4;
    config.spacing = 100ms;
    auto brief = config;
    brief.samples = 1;
    brief.timeout = 200ms;
    // The first round ends while the server is dead; then it is there again, whatever ICMP error still waits.
    EXPECT_EQ(run_probe({target, trigger}, brief)[0].received(), 0);
    ASSERT_TRUE(fleet.revive("phoenix"));
    const auto result = run_probe({target}, config);
    EXPECT_EQ(result[0].received(), 4);
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, kTolerance);
}

TEST(Prober, AnAddressThatCannotBeSentToIsAFailureOfThatOneOnly) {
    fakentp::Fleet fleet;
    const auto good = add_server(fleet, "127.40.3.11");
    fleet.start();
    auto config = quick_config();
    config.samples = 1;
    // Broadcast: the kernel refuses to connect to it, and nothing leaves the machine.
    const ProbeTarget broadcast{Address::v4({255, 255, 255, 255}), 123};
    const auto result = run_probe({broadcast, good}, config);
    EXPECT_EQ(result[0].sent(), 1);
    EXPECT_EQ(result[0].received(), 0);
    EXPECT_THAT(result[0].failure, HasSubstr("ermission"));
    EXPECT_EQ(result[1].received(), 1);
}

TEST(Prober, KeepsTheSpacingToOneServer) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.40.3.12 name=spaced loss=50%");
    fleet.start();
    auto config = quick_config();
    config.spacing = 1s;
    config.timeout = 200ms;
    config.samples = 4;
    ASSERT_EQ(run_probe({target}, config).size(), 1U);
    const auto counters = fleet.counters("spaced").value();
    EXPECT_EQ(counters.requests, 4U);
    // Spacing counts from when a sending began, arrival a little later: by what a busy machine takes to send.
    EXPECT_GT(counters.least_spacing, 750ms);
}

TEST(Prober, MeasuresTwoHundredServersAtTheSameTime) {
    fakentp::Fleet fleet;
    std::vector<ProbeTarget> targets;
    for (int i = 0; i < 200; ++i)
        targets.push_back(
            add_server(fleet, "127.41." + std::to_string(i) + ".1 delay=20ms offset=" + std::to_string(i) + "s"));
    fleet.start();
    std::vector<std::size_t> progress;
    const auto result = run_probe(targets, quick_config(), read_clocks, [&](std::size_t done, std::size_t total) {
        EXPECT_EQ(total, 200U);
        progress.push_back(done);
    });
    ASSERT_EQ(result.size(), 200U);
    for (std::size_t i = 0; i < result.size(); ++i) {
        EXPECT_EQ(result[i].received(), 3) << i;
        EXPECT_NEAR(best_sample(result[i]).offset_s, static_cast<double>(i), kTolerance) << i;
    }
    ASSERT_EQ(progress.size(), 200U);
    for (std::size_t i = 0; i < progress.size(); ++i)
        EXPECT_EQ(progress[i], i + 1);
}

TEST(Prober, NothingToMeasureIsDoneAtOnce) {
    EXPECT_TRUE(run_probe({}, quick_config()).empty());
}

TEST(Prober, LeavesNoDescriptorBehind) {
    fakentp::Fleet fleet;
    std::vector<ProbeTarget> targets;
    for (int i = 1; i <= 20; ++i)
        targets.push_back(add_server(fleet, "127.42.1." + std::to_string(i)));
    fleet.start();
    const auto before = open_descriptors();
    ASSERT_EQ(run_probe(targets, quick_config()).size(), 20U);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Prober, CancelledItReturnsWhatItHas) {
    fakentp::Fleet fleet;
    const std::vector<ProbeTarget> targets{add_server(fleet, "127.42.2.1"), add_server(fleet, "127.42.2.2 silent=yes")};
    fleet.start();
    auto config = quick_config();
    config.timeout = 30s;
    boost::asio::io_context context(1);
    UdpProber prober;
    boost::asio::cancellation_signal cancel;
    std::optional<std::vector<Measurement>> result;
    // The first server is done; the second never will be.
    const auto on_progress = [&](std::size_t, std::size_t) { cancel.emit(boost::asio::cancellation_type::terminal); };
    boost::asio::co_spawn(context, prober.probe(targets, config, on_progress),
                          boost::asio::bind_cancellation_slot(
                              cancel.slot(), [&](const std::exception_ptr& error, std::vector<Measurement> measured) {
                                  EXPECT_FALSE(error);
                                  result = std::move(measured);
                              }));
    context.run_for(20s);
    ASSERT_TRUE(result);
    ASSERT_EQ(result->size(), 2U);
    EXPECT_EQ((*result)[0].received(), 3);
    EXPECT_EQ((*result)[1].received(), 0);
}

TEST(Prober, AClockStepDuringTheRoundChangesNothing) {
    for (const Duration step : {Duration(1h), Duration(-1h)}) {
        fakentp::Fleet fleet;
        const auto target = add_server(fleet, "127.42.3.1 offset=50ms delay=10ms");
        fleet.start();
        // What a step looks like from inside: from the 40th reading on, CLOCK_REALTIME is elsewhere. The kernel's
        // stamps stay where they were, so they are an hour off, as stamps from before a step are.
        auto readings = std::make_shared<int>(0);
        const auto stepping = [readings, step] {
            auto reading = read_clocks();
            if (++*readings > 40) reading.real += step;
            return reading;
        };
        auto config = quick_config();
        config.samples = 6;
        const auto result = run_probe({target}, config, stepping);
        ASSERT_EQ(result[0].received(), 6);
        EXPECT_GT(*readings, 40);
        for (const auto& sample : result[0].samples) {
            EXPECT_NEAR(sample->offset_s, 0.050, tolerance_of(*sample)) << step.count();
        }
    }
}

TEST(Prober, SamplesFromBeforeASuspendAreDiscarded) {
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.42.4.1 offset=50ms name=awake");
    fleet.start();
    auto readings = std::make_shared<int>(0);
    const auto sleeping = [&fleet, readings] {
        auto reading = read_clocks();
        // Asleep for an hour after the second request; the wall clock went on.
        if (const auto counters = fleet.counters("awake"); counters->requests >= 2) {
            reading.asleep += 1h;
            reading.real += 1h;
        }
        return reading;
    };
    auto config = quick_config();
    config.samples = 5;
    config.timeout = 2s;
    const auto result = run_probe({target}, config, sleeping);
    EXPECT_EQ(result[0].sent(), 5);
    EXPECT_FALSE(result[0].samples[0]);
    for (std::size_t i = 2; i < 5; ++i) {
        ASSERT_TRUE(result[0].samples[i]) << i;
        // By the new tie to the world, the server is an hour behind, less what it is ahead.
        EXPECT_NEAR(result[0].samples[i]->offset_s, 0.050 - 3600, tolerance_of(*result[0].samples[i]));
    }
}

}  // namespace
}  // namespace ntpopt
