// A round against a world of values: whatever fails, there is a report, and doubt changes nothing.
#include "daemon/core/notice/policy.hpp"
#include "tests/loop/engine/round_fixture.hpp"

namespace ntpopt {
namespace {

using test::RoundTest;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(RoundTest, MovesToTheGoodServers) {
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::applied) << result.report.reason;
    EXPECT_EQ(result.report.selected.size(), 4U);
    EXPECT_THAT(result.report.previous, testing::ElementsAre("old.test"));
    EXPECT_EQ(result.next.incumbents.size(), 4U);
    EXPECT_TRUE(remembered_before_change);
    EXPECT_EQ(result.report.region, "asia/in");
    EXPECT_EQ(stages.front(), Stage::discover);
    EXPECT_THAT(stages, Contains(Stage::verify));
}

TEST_F(RoundTest, ADryRunShowsTheDiffAndChangesNothing) {
    request.dry_run = true;
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::would_apply);
    EXPECT_EQ(result.report.diff, "+server\n");
    EXPECT_EQ(render_json(result.report.plan),
              R"({"steps":["write x","verify: it works"],"commands":["reload x"],"verify":["it works"],"refusals":[],)"
              R"("files":[{"path":"/etc/x.sources","lines":1,"world_readable":true}]})");
    EXPECT_FALSE(summary_json(to_json(result.report)).contains("plan"));
    EXPECT_THAT(world.service.calls, Not(Contains("apply")));
    EXPECT_THAT(result.next.incumbents, IsEmpty());
    EXPECT_THAT(result.report.selected, testing::SizeIs(4)) << "what would be";
    EXPECT_THAT(result.report.previous, testing::ElementsAre("old.test"));
}

TEST_F(RoundTest, TheDiffOfAFileThatNotEverybodyMayReadIsKeptApart) {
    request.dry_run = true;
    world.service.readable = false;
    const auto result = run();
    EXPECT_EQ(result.report.diff, "/etc/x.sources: 1 lines, shown to uid 0 only\n");
    EXPECT_EQ(result.report.whole_diff, "+server\n");
    EXPECT_EQ(render_json(to_json(result.report)["plan"]).find("+server"), std::string::npos);
    EXPECT_FALSE(summary_json(to_json(result.report)).contains("whole_diff"));
}

TEST_F(RoundTest, ADryRunWithoutTheApplierStillRecommends) {
    request.dry_run = true;
    world.service.observe_failure = Error{Errc::unavailable, "no such name on the bus"};
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::would_apply);
    EXPECT_THAT(result.report.selected, testing::SizeIs(4));
}

TEST_F(RoundTest, ModeObserveMakesEveryRoundADryRun) {
    world.config.mode = Mode::observe;
    const auto result = run();
    EXPECT_TRUE(result.report.dry_run);
    EXPECT_THAT(world.service.calls, Not(Contains("apply")));
}

TEST_F(RoundTest, WhatTheApplierRefusesIsRefused) {
    world.service.apply_failure = Error{Errc::refused, "the whitelist does not have a.test"};
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::refused);
    EXPECT_THAT(result.report.reason, HasSubstr("whitelist"));
    EXPECT_THAT(result.next.incumbents, IsEmpty());
}

TEST_F(RoundTest, ARefusedPlanIsARefusal) {
    world.service.plan_failure = Error{Errc::refused, "two NTP services run"};
    EXPECT_EQ(run().report.outcome, Outcome::refused);
    EXPECT_THAT(world.service.calls, Not(Contains("apply")));
}

TEST_F(RoundTest, WithoutTheApplierServersAreMeasuredAndNothingIsChanged) {
    world.service.observe_failure = Error{Errc::unavailable, "no such name on the bus"};
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::failed);
    EXPECT_THAT(result.report.servers, Not(IsEmpty()));
    EXPECT_THAT(world.service.calls, IsEmpty());
}

TEST_F(RoundTest, ARolledBackChangeLeavesTheNewNamesAloneForAWhile) {
    world.service.ends.state = TransactionState::rolled_back;
    world.service.ends.reason = "no new source answered";
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::rolled_back);
    EXPECT_EQ(result.report.reason, "no new source answered");
    EXPECT_THAT(result.next.incumbents, IsEmpty());
    EXPECT_THAT(result.next.penalties, Not(IsEmpty()));
    EXPECT_THAT(result.report.selected, testing::ElementsAre("old.test"));
}

TEST_F(RoundTest, TheNoticeOfARolledBackChangeNamesOldAndNewServersTheReasonAndWhatToDo) {
    world.service.ends.state = TransactionState::rolled_back;
    world.service.ends.reason = "no new source answered";
    const auto result = run();
    NoticePolicy policy(NotifyConfig{}, nullptr);
    const auto told = policy.round_finished(to_json(result.report), world.clock.now());
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].topic, Topic::rolled_back);
    EXPECT_THAT(told[0].old_servers, testing::ElementsAre("old.test"));
    std::vector<std::string> tried;
    for (const auto& choice : world.service.applied)
        tried.push_back(choice.endpoint.text());
    EXPECT_THAT(tried, Not(IsEmpty()));
    EXPECT_THAT(told[0].new_servers, testing::UnorderedElementsAreArray(tried));
    EXPECT_EQ(told[0].reason, "no new source answered");
    EXPECT_THAT(told[0].advice, HasSubstr("try again with `ntpoptctl reoptimize`"));
}

struct SparedTest : RoundTest {
    /// The round's measurement of a server, and what the decision made of it.
    std::map<std::string, Observation> seen;

    SparedTest() {
        for (const auto* name : {"a.test", "b.test", "c.test", "d.test"})
            world.service.uses(name, world.resolver.addresses.at(name));
    }
    RoundResult run_and_see() {
        on_decided = [this](const DecidedRound& round) {
            for (const auto& observation : round.observations)
                seen.insert_or_assign(observation.candidate.endpoint.text(), observation);
        };
        return run();
    }
    static const RankedServer& find(const RoundResult& result, std::string_view name) {
        return *std::find_if(result.report.servers.begin(), result.report.servers.end(),
                             [&](const auto& server) { return server.name == name; });
    }
};

TEST_F(SparedTest, WhatTheServiceKnowsWellIsAskedOnce) {
    const auto result = run_and_see();
    EXPECT_EQ(seen.at("a.test").measurement.sent(), 1);
    ASSERT_TRUE(seen.at("a.test").measurement.spared);
    EXPECT_EQ(seen.at("a.test").measurement.spared->requests, 2);
    EXPECT_EQ(seen.at("e.test").measurement.sent(), 3);
    EXPECT_FALSE(seen.at("e.test").measurement.spared);
    EXPECT_EQ(find(result, "a.test").reachability, 100);
    EXPECT_NEAR(find(result, "a.test").jitter_ms.value(), 0.2, 1e-9);
    EXPECT_THAT(result.report.stages.at(2).detail, HasSubstr("5 of 5 servers answered, 4 asked once"));
    const auto& history = result.next.servers.at(world.resolver.addresses.at("a.test") + ":123");
    EXPECT_EQ(history.sent, 3) << "it must weigh no more than a server that was asked three times";
    EXPECT_EQ(history.received, 3);
}

TEST_F(SparedTest, AServerThatDiedSinceIsAskedToTheEndAndIsDead) {
    world.prober.offsets.erase(world.resolver.addresses.at("a.test"));
    const auto result = run_and_see();
    EXPECT_EQ(seen.at("a.test").measurement.sent(), 3);
    EXPECT_FALSE(seen.at("a.test").measurement.spared);
    EXPECT_EQ(find(result, "a.test").verdict, Verdict::unreachable);
    EXPECT_EQ(find(result, "a.test").reachability, 0);
}

TEST_F(SparedTest, AServerThatLiesTodayIsALiarWhateverItsRecordSays) {
    world.prober.offsets.at(world.resolver.addresses.at("a.test")) = 5;
    const auto result = run_and_see();
    EXPECT_TRUE(seen.at("a.test").measurement.spared);
    EXPECT_EQ(find(result, "a.test").verdict, Verdict::falseticker);
    EXPECT_THAT(result.report.selected, Not(Contains("a.test")));
}

TEST_F(SparedTest, AnotherPortOrAddressIsAnotherServer) {
    world.service.observation.sources.at(1).port = 1123;
    world.service.observation.sources.at(2).address = *Address::parse("192.0.77.1");
    run_and_see();
    EXPECT_EQ(seen.at("a.test").measurement.sent(), 3);
    EXPECT_EQ(seen.at("b.test").measurement.sent(), 3);
    EXPECT_EQ(seen.at("c.test").measurement.sent(), 1);
}

TEST_F(RoundTest, AChangeThatItsApplierDidNotSurviveSaysNothingOfTheNewNames) {
    world.service.ends.state = TransactionState::rolled_back;
    world.service.ends.interrupted = true;
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::rolled_back);
    EXPECT_TRUE(result.interrupted);
    EXPECT_THAT(result.next.incumbents, IsEmpty());
    EXPECT_THAT(result.next.proposed, IsEmpty());
    EXPECT_THAT(result.next.penalties, IsEmpty());
}

TEST_F(RoundTest, ANameThatDoesNotResolveHasAVerdict) {
    world.add("lost.test", 0.0);
    world.resolver.addresses.erase("lost.test");
    const auto result = run();
    const auto& servers = result.report.servers;
    const auto lost = std::find_if(servers.begin(), servers.end(), [](const auto& s) { return s.name == "lost.test"; });
    ASSERT_NE(lost, servers.end());
    EXPECT_EQ(lost->verdict, Verdict::unresolved);
    EXPECT_THAT(lost->reason, HasSubstr("no such name"));
}

TEST_F(RoundTest, NoCandidateAnswersSoNothingIsUsable) {
    world.prober.offsets.clear();
    const auto result = run();
    EXPECT_EQ(result.report.outcome, Outcome::no_usable_servers);
    EXPECT_THAT(world.service.calls, IsEmpty());
}

TEST_F(RoundTest, OneFailingDiscovererIsALineInTheReport) {
    test::FakeDiscoverer broken;
    broken.failure = Error{Errc::io, "no such file"};
    auto ports = world.ports();
    ports.discoverers.push_back(&broken);
    request.config = world.config;
    Round::Hooks hooks;
    hooks.progress = [](Stage, std::size_t, std::size_t) {};
    hooks.observed = [](const ServiceObservation&) {};
    hooks.before_change = [](const OpenRound&) {};
    Round round(ports, request, hooks);
    RoundReport report;
    boost::asio::co_spawn(world.io, round.run(),
                          [&](std::exception_ptr, RoundResult done) { report = std::move(done.report); });
    world.io.run();
    EXPECT_EQ(report.outcome, Outcome::applied);
    EXPECT_THAT(report.stages.front().detail, HasSubstr("failed (no such file)"));
}

TEST_F(RoundTest, AServerThatFollowsThisMachineIsALoop) {
    world.add("mirror.test", 0.0);
    world.prober.refids["192.0.6.1"] = 0xC6336407;  // 198.51.100.7
    const auto result = run();
    const auto& servers = result.report.servers;
    const auto mirror =
        std::find_if(servers.begin(), servers.end(), [](const auto& s) { return s.name == "mirror.test"; });
    ASSERT_NE(mirror, servers.end());
    EXPECT_EQ(mirror->verdict, Verdict::loop);
}

TEST_F(RoundTest, NearALeapSecondWhatWorksTodayStays) {
    world.add("old.test", 0.0004);  // right, and not among the best
    request.dry_run = true;
    EXPECT_THAT(run().report.selected, Not(Contains("old.test")));
    world.place.leaps = {to_seconds(world.clock.now().time_since_epoch()) + 3600};
    EXPECT_THAT(run().report.selected, Contains("old.test"));
}

TEST_F(RoundTest, DriftIsPutRightWhereTheSetStays) {
    const auto first = run();
    request.state = first.next;
    world.service.observation.sources.clear();
    for (const auto& choice : world.service.applied) {
        ServiceSource source;
        source.name = choice.endpoint.text();
        source.ours = true;
        source.origin = "ours";
        world.service.observation.sources.push_back(source);
    }
    world.service.observation.sources.pop_back();
    world.service.observation.drifted = true;
    world.service.ends.selected = first.report.selected;
    world.service.calls.clear();
    const auto second = run();
    EXPECT_EQ(second.report.outcome, Outcome::unchanged) << second.report.reason;
    EXPECT_EQ(second.report.selected, first.report.selected);
    EXPECT_THAT(world.service.calls, testing::ElementsAre("reconverge"));
}

TEST_F(RoundTest, WhereRootWentBackNothingIsPutRight) {
    request.state = run().next;
    world.service.observation.drifted = true;
    world.service.observation.paused = true;
    world.config.selection.min_score = 101;
    world.service.calls.clear();
    const auto second = run();
    EXPECT_NE(second.report.outcome, Outcome::would_apply) << second.report.reason;
    EXPECT_THAT(world.service.calls, IsEmpty());
}

TEST_F(RoundTest, CancelledAtAnyStageItEndsWithAReportAndWithoutAChangeThatHasNotBegun) {
    for (const auto stage : {Stage::discover, Stage::resolve, Stage::probe, Stage::plan}) {
        world.service.calls.clear();
        cancel_at = stage;
        const auto result = run();
        EXPECT_EQ(result.report.outcome, Outcome::failed) << name_of(stage);
        EXPECT_THAT(world.service.calls, Not(Contains("apply"))) << name_of(stage);
        EXPECT_THAT(result.next.incumbents, IsEmpty());
    }
}

TEST_F(RoundTest, StoppedWhileItProbesItLearnsNothingOfThoseWhoseAnswersWereOnTheirWay) {
    request.state = run().next;
    ASSERT_THAT(request.state.incumbents, testing::SizeIs(4));
    world.prober.offsets.erase("192.0.1.1");
    cancel_at = Stage::probe;
    on_decided = [](const DecidedRound&) { ADD_FAILURE() << "decided on half of the answers"; };
    EXPECT_EQ(run().next, request.state);
}

}  // namespace
}  // namespace ntpopt
