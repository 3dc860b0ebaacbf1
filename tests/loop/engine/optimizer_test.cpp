// The life of the engine: single flight, memory over restarts, what is done by hand.
#include "daemon/engine/optimizer.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/core/record/selection_state.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using test::OptimizerTest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct ForgottenTest : OptimizerTest {
    std::vector<Incumbent> incumbents() {
        return parse_selection_state(world.store.documents["selection"])->incumbents;
    }

    /// As root does with "ntpoptctl rollback --original", and the package before it is removed.
    void go_back_without_ntpoptd() {
        ServiceSource source;
        source.name = "old.test";
        world.service.observation.sources = {source};
        world.service.observation.paused = true;
        world.service.calls.clear();
    }
};

TEST_F(OptimizerTest, RunsTheFirstRoundByItselfAndRemembersIt) {
    make();
    live(1);
    EXPECT_THAT(ears.triggers, ElementsAre("boot"));
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_EQ(ears.selections, 1);

    auto& second = make();
    EXPECT_EQ(second.state().last_run_id, 1U);
    EXPECT_THAT(second.state().selected, SizeIs(4));
    EXPECT_EQ(get_string(*second.report(0), "outcome"), "applied");
}

TEST_F(OptimizerTest, ASecondRequestJoinsOrIsBusy) {
    auto& engine = make();
    std::optional<Result<std::uint64_t>> joined, other, undo;
    world.prober.on_probe = [&] {
        if (joined) return;
        joined = engine.reoptimize(false);
        other = engine.reoptimize(true);
        undo = engine.rollback(false);
    };
    const auto first = engine.reoptimize(false);
    live(1);
    ASSERT_TRUE(first && joined && *joined);
    EXPECT_EQ(**joined, *first);
    EXPECT_EQ(other->error().code, Errc::busy);
    EXPECT_EQ(undo->error().code, Errc::busy);
    EXPECT_EQ(world.prober.rounds, 1);
}

TEST_F(OptimizerTest, ARollbackByHandForgetsTheSelection) {
    auto& engine = make();
    ears.on_finished = [&](const Json&) {
        if (ears.reports.size() == 1) {
            EXPECT_TRUE(engine.rollback(true));
            world.service.ends.selected = {"old.test"};
        } else {
            engine.stop();
        }
    };
    run();
    EXPECT_THAT(world.service.calls, Contains("rollback"));
    EXPECT_THAT(engine.state().selected, ElementsAre("old.test"));
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->incumbents, testing::IsEmpty());
}

TEST_F(ForgottenTest, ARollbackThatNoNtpoptdSawIsForgottenBeforeTheNextRound) {
    EXPECT_TRUE(make().reoptimize(false));
    live(1);
    ASSERT_THAT(incumbents(), SizeIs(4));
    go_back_without_ntpoptd();
    auto& engine = make();
    ASSERT_THAT(engine.state().selected, SizeIs(4));
    boost::asio::co_spawn(world.io, engine.observation(Duration::zero()), boost::asio::detached);
    world.io.restart();
    world.io.run();
    EXPECT_THAT(engine.state().selected, testing::IsEmpty());
    EXPECT_EQ(engine.state().confidence, Confidence::none);
    EXPECT_THAT(incumbents(), testing::IsEmpty());
}

TEST_F(ForgottenTest, ARollbackThatNoNtpoptdSawDoesNotKeepTheNextRoundFromChangingAnything) {
    EXPECT_TRUE(make().reoptimize(false));
    live(1);
    go_back_without_ntpoptd();
    EXPECT_TRUE(make().reoptimize(false));
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_THAT(world.service.calls, Contains("apply"));
    EXPECT_THAT(incumbents(), SizeIs(4));
}

TEST_F(OptimizerTest, ARollbackByHandThatDoesNotProveItselfIsNoSuccess) {
    auto& engine = make();
    std::vector<std::string> selected;
    ears.on_finished = [&](const Json&) {
        if (ears.reports.size() == 1) {
            selected = engine.state().selected;
            EXPECT_TRUE(engine.rollback(true));
            world.service.ends.state = TransactionState::rolled_back;
            world.service.ends.reason = "no old source answered";
            world.service.ends.selected = {"old.test"};
        } else {
            engine.stop();
        }
    };
    run();
    ASSERT_THAT(ears.reports, SizeIs(2));
    EXPECT_EQ(get_string(ears.reports.at(1), "outcome"), "rolled_back");
    EXPECT_EQ(get_string(ears.reports.at(1), "reason"), "no old source answered");
    EXPECT_THAT(engine.state().selected, testing::ElementsAreArray(selected));
    EXPECT_THAT(parse_selection_state(world.store.documents["selection"])->incumbents, SizeIs(selected.size()));
}

TEST_F(OptimizerTest, TheIntervalIsCheckedAndSurvivesARestart) {
    auto& engine = make();
    EXPECT_FALSE(engine.set_interval(std::chrono::minutes(1)));
    EXPECT_TRUE(engine.set_interval(std::chrono::hours(2)));
    EXPECT_EQ(engine.state().interval, std::chrono::hours(2));
    EXPECT_EQ(make().state().interval, std::chrono::hours(2));
    EXPECT_EQ(get_string(world.store.documents["overrides"], "interval"), "2h");
    auto& again = make();
    EXPECT_TRUE(again.set_interval(std::nullopt));
    EXPECT_EQ(again.state().interval, Config().schedule.interval);
    EXPECT_EQ(make().state().interval, Config().schedule.interval);
}

TEST_F(OptimizerTest, AFullDiskIsTroubleAndNoReasonToStop) {
    make();
    world.store.full = true;
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_THAT(ears.troubles, Contains(HasSubstr("run 1 could not be recorded: No space left")));
    const auto& stages = get_array(ears.reports.at(0), "stages");
    EXPECT_EQ(get_string(stages.back(), "stage"), "record");
    EXPECT_FALSE(get_bool(stages.back(), "ok", true));
    EXPECT_THAT(get_string(stages.back(), "detail"), HasSubstr("No space left"));
    EXPECT_THAT(optimizer->memory_problem(), HasSubstr("No space left"));
}

TEST_F(OptimizerTest, WhatAFullDiskRefusedIsRememberedWithTheNextRound) {
    auto& engine = make();
    world.store.full = true;
    EXPECT_TRUE(engine.set_interval(std::chrono::hours(2)));
    EXPECT_TRUE(engine.blacklist(*Endpoint::parse("e.test"), std::nullopt));
    EXPECT_FALSE(engine.memory_problem().empty());
    world.store.full = false;
    live(1);
    EXPECT_TRUE(engine.memory_problem().empty());
    auto& second = make();
    EXPECT_EQ(second.interval_override(), std::chrono::hours(2));
    EXPECT_THAT(second.blacklist_entries(), SizeIs(1));
}

TEST_F(OptimizerTest, ARoundIsThreeTransactionsAndOneMoreBeforeAChange) {
    make();
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
    EXPECT_THAT(world.store.written, SizeIs(4)) << "that it begins, that it asks, the open round, its end";
    world.store.written.clear();
    make();
    EXPECT_TRUE(optimizer->reoptimize(false));
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "unchanged");
    EXPECT_THAT(world.store.written, SizeIs(3));
}

TEST_F(OptimizerTest, NothingGoesForItsAgeWhereNobodyVouchesForTheClock) {
    for (const bool synchronised : {true, false}) {
        world.service.observation.synchronised = synchronised;
        make();
        EXPECT_TRUE(optimizer->reoptimize(true));
        live(1);
        EXPECT_EQ(world.store.written.back().now.has_value(), synchronised);
    }
}

TEST_F(OptimizerTest, ABlacklistedServerIsLeftAloneAndAnnounced) {
    auto& engine = make();
    EXPECT_TRUE(engine.blacklist(*Endpoint::parse("a.test"), std::nullopt));
    EXPECT_THAT(ears.blacklisted, ElementsAre("a.test"));
    EXPECT_THAT(engine.blacklist_entries(), SizeIs(1));
    live(1);
    for (const auto& server : get_array(ears.reports.at(0), "servers"))
        EXPECT_EQ(get_string(server, "verdict") == "blacklisted", get_string(server, "name") == "a.test") << server;
    EXPECT_TRUE(engine.unblacklist(*Endpoint::parse("a.test")));
    EXPECT_EQ(engine.unblacklist(*Endpoint::parse("a.test")).error().code, Errc::not_found);
}

TEST_F(OptimizerTest, AServerThatFailedThreeRoundsIsBlacklistedAskedAgainAfterItsTimeAndForgivenWhenWell) {
    const auto address = world.resolver.addresses.at("e.test");
    const auto offset = world.prober.offsets.at(address);
    world.prober.offsets.erase(address);
    std::vector<std::string> verdicts;
    const auto rounds_of_a_life = [&](std::size_t rounds) {
        auto& engine = make();
        ears.reports.clear();
        ears.on_finished = [&, rounds](const Json& report) {
            for (const auto& server : get_array(report, "servers"))
                if (get_string(server, "name") == "e.test") verdicts.push_back(get_string(server, "verdict"));
            if (ears.reports.size() >= rounds) return engine.stop();
            EXPECT_TRUE(engine.reoptimize(false));
        };
        EXPECT_TRUE(engine.reoptimize(false));
        run();
    };
    rounds_of_a_life(2);
    rounds_of_a_life(2);  // what it failed before the restart counts
    EXPECT_THAT(verdicts, ElementsAre("unreachable", "unreachable", "unreachable", "blacklisted"));
    EXPECT_THAT(ears.blacklisted, ElementsAre("e.test"));
    EXPECT_THAT(optimizer->blacklist_entries(), SizeIs(1));

    world.clock.skip(std::chrono::days(7) + std::chrono::hours(1));
    verdicts.clear();
    world.prober.offsets[address] = offset;
    rounds_of_a_life(1);
    EXPECT_THAT(verdicts, ElementsAre(testing::AnyOf("chosen", "reserve", "low_reachability")));
    EXPECT_THAT(optimizer->blacklist_entries(), testing::IsEmpty());
    EXPECT_EQ(parse_selection_state(world.store.documents["selection"])->penalties.count("e.test"), 0U) << "forgiven";
}

TEST_F(OptimizerTest, WhoIsBlacklistedWhileItProbesIsNotChosen) {
    auto& engine = make();
    world.prober.on_probe = [&] { EXPECT_TRUE(engine.blacklist(*Endpoint::parse("a.test"), std::nullopt)); };
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "refused");
    EXPECT_THAT(get_string(ears.reports.at(0), "reason"), HasSubstr("a.test was blacklisted"));
    EXPECT_THAT(world.service.applied, testing::IsEmpty());
    EXPECT_THAT(engine.blacklist_entries(), SizeIs(1));
}

TEST_F(OptimizerTest, WhoIsBlacklistedAndNotChosenIsNoReasonNotToChange) {
    world.add("far.test", std::nullopt);
    auto& engine = make();
    world.prober.on_probe = [&] {
        EXPECT_TRUE(engine.blacklist(*Endpoint::parse("far.test"), std::nullopt));
        EXPECT_TRUE(engine.blacklist(*Endpoint::parse("a.test"), std::nullopt));
        EXPECT_TRUE(engine.unblacklist(*Endpoint::parse("a.test")));
    };
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
}

TEST_F(OptimizerTest, ToldToObserveWhileItProbesItChangesNothing) {
    auto& engine = make();
    auto config = world.config;
    config.mode = Mode::observe;
    world.prober.on_probe = [&] { engine.reload(config); };
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "refused");
    EXPECT_THAT(world.service.applied, testing::IsEmpty());
    EXPECT_EQ(world.store.documents.count("open-round"), 0U);
}

TEST_F(OptimizerTest, BansAndBiasSurviveARestart) {
    world.add("rude.test", 0.0);
    world.prober.kisses[world.resolver.addresses.at("rude.test")] = "DENY";
    make();
    live(1);
    const auto before = *parse_selection_state(world.store.documents["selection"]);
    EXPECT_THAT(before.servers, SizeIs(testing::Ge(5U)));
    EXPECT_GT(before.penalties.at("rude.test").banned_until_s, to_seconds(world.clock.now().time_since_epoch()));

    world.prober.kisses.clear();  // it would answer now, but nobody asks it
    auto& second = make();
    ASSERT_THAT(second.blacklist_entries(), SizeIs(1));
    EXPECT_EQ(second.blacklist_entries().front().name, "rude.test");
    EXPECT_TRUE(second.reoptimize(false));
    live(1);
    for (const auto& server : get_array(ears.reports.at(0), "servers"))
        EXPECT_EQ(get_string(server, "verdict") == "banned", get_string(server, "name") == "rude.test") << server;
    const auto after = *parse_selection_state(world.store.documents["selection"]);
    for (const auto& [address, history] : before.servers)
        if (history.weight > 0) {
            EXPECT_GT(after.servers.at(address).weight, 1.5) << address << ": learnt from both lives";
        }
}

TEST_F(OptimizerTest, ARoundThatACrashCutsShortIsKnownToTheNextLife) {
    make();
    world.prober.on_probe = [this] {
        const auto& rounds = world.store.documents.at("rounds");
        EXPECT_TRUE(get_bool(rounds, "open")) << "kept before anybody is asked";
        EXPECT_EQ(get_integer(rounds, "useless"), 1);
    };
    live(1);
    EXPECT_FALSE(get_bool(world.store.documents.at("rounds"), "open", true));
    EXPECT_EQ(get_integer(world.store.documents.at("rounds"), "useless"), 0);

    world.prober.on_probe = [] {};
    auto cut_short = world.store.documents.at("rounds");
    cut_short["open"] = true;
    cut_short["useless"] = 1;
    world.store.documents["rounds"] = cut_short;
    auto& second = make();
    boost::asio::co_spawn(world.io, second.run(), [](std::exception_ptr) {});
    world.io.restart();
    world.io.poll();
    const auto wait = second.state().next_run - world.clock.now();
    EXPECT_GT(wait, std::chrono::minutes(60));
    EXPECT_LT(wait, std::chrono::minutes(66));
    second.stop();
    world.io.poll();
}

TEST_F(OptimizerTest, AServiceThatHandlesLeapSecondsTwiceIsAnAlarm) {
    world.config.selection.timescale = Timescale::smear_24h;
    for (auto& candidate : world.discoverer.found)
        candidate.timescale = Timescale::smear_24h;
    world.service.observation.leap_source = "leapsectz right/UTC";
    auto& engine = make();
    live(1);
    EXPECT_THAT(engine.state().alarms, Contains(HasSubstr("leapsectz right/UTC")));
}

TEST_F(OptimizerTest, DamagedMemoryIsToldAndBegunAfresh) {
    world.store.documents["selection"] = Json{{"servers", "nonsense"}};
    make();
    EXPECT_THAT(ears.troubles, Contains(HasSubstr("damaged")));
    live(1);
    EXPECT_EQ(get_string(ears.reports.at(0), "outcome"), "applied");
}

}  // namespace
}  // namespace ntpopt
