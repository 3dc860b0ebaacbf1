// What is told of rounds, observations and blacklistings, how often, and when it is over.
#include <gmock/gmock.h>

#include "tests/unit/notice/samples.hpp"

namespace ntpopt {
namespace {

using test::at;
using test::round_of;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

std::vector<std::string> told(const std::vector<NoticeEvent>& events) {
    std::vector<std::string> out;
    for (const auto& event : events)
        out.push_back(std::string(name_of(event.topic)) + "/" + std::string(name_of(event.severity)));
    return out;
}

ServiceObservation service_with(std::vector<std::string> refusals) {
    ServiceObservation out;
    out.service = Service::chronyd;
    out.synchronised = true;
    out.refusals = std::move(refusals);
    out.conflict = !out.refusals.empty();
    return out;
}

struct Row {
    std::string outcome;
    std::vector<std::string> after;
    std::vector<std::string> told;
};

TEST(NoticePolicy, TellsOfRoundsByTheirOutcome) {
    const std::vector<Row> rows{{"applied", {"b.test"}, {"selection_changed/info"}},
                                {"applied", {"a.test"}, {}},
                                {"unchanged", {"a.test"}, {}},
                                {"would_apply", {"b.test"}, {}},
                                {"no_consensus", {"a.test"}, {"no_consensus/warning"}},
                                {"no_usable_servers", {"a.test"}, {"no_usable_servers/error"}},
                                {"rolled_back", {"a.test"}, {"rolled_back/error"}},
                                {"degraded", {"a.test"}, {"degraded/critical"}},
                                {"refused", {"a.test"}, {}},
                                {"failed", {"a.test"}, {}},
                                {"no word of ours", {"a.test"}, {}}};
    for (const auto& row : rows) {
        NoticePolicy policy(NotifyConfig{}, nullptr);
        EXPECT_EQ(told(policy.round_finished(round_of(1, row.outcome, {"a.test"}, row.after), at(0s))), row.told)
            << row.outcome;
        auto dry = round_of(2, row.outcome, {"a.test"}, row.after);
        dry["dry_run"] = true;
        dry["trigger"] = "request";
        EXPECT_THAT(policy.round_finished(dry, at(0s)), IsEmpty()) << row.outcome;
    }
}

TEST(NoticePolicy, InModeObserveWhatARoundFindsIsToldAndWhatItWouldDoIsNot) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    std::uint64_t id = 0;
    const auto run = [&](const std::string& outcome, const std::string& trigger) {
        auto dry = round_of(++id, outcome, {"a.test"}, {"b.test"});
        dry["dry_run"] = true;
        dry["trigger"] = trigger;
        return told(policy.round_finished(dry, at(0s)));
    };
    EXPECT_THAT(run("no_usable_servers", "request"), IsEmpty()) << "who asked knows";
    EXPECT_THAT(run("would_apply", "schedule"), IsEmpty());
    EXPECT_THAT(run("no_usable_servers", "schedule"), ElementsAre("no_usable_servers/error"));
    EXPECT_THAT(told(policy.blacklisted("a.test", "failed 3 rounds", at(1s))),
                ElementsAre("incumbent_blacklisted/warning"))
        << "it is in use";
    EXPECT_THAT(run("would_apply", "schedule"), ElementsAre("recovered/info"));
}

TEST(NoticePolicy, WhatCannotBeMadeTrueAgainIsToldOnceUntilARoundGoesWell) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    TransactionReport report;
    report.id = 5;
    report.state = TransactionState::degraded;
    report.reason = "chronyd took nothing";
    const auto events = policy.reconverge_failed(report, at(0s));
    ASSERT_EQ(told(events), std::vector<std::string>{"degraded/critical"});
    EXPECT_EQ(events[0].reason, "chronyd took nothing");
    EXPECT_THAT(events[0].advice, testing::HasSubstr("ntpoptctl rollback --original"));
    report.id = 6;
    EXPECT_THAT(policy.reconverge_failed(report, at(15min)), IsEmpty());
    EXPECT_THAT(told(policy.round_finished(round_of(1, "unchanged", {"a.test"}, {"a.test"}), at(20min))),
                ElementsAre("recovered/info"));
    report.state = TransactionState::rolled_back;
    EXPECT_THAT(told(policy.reconverge_failed(report, at(30min))), ElementsAre("rolled_back/error"));
}

TEST(NoticePolicy, ARoundThatIsRolledBackNamesBothSetsTheReasonAndWhatToDo) {
    const auto event = test::rolled_back_event();
    EXPECT_THAT(event.old_servers, ElementsAre("old1.test", "old2.test"));
    EXPECT_THAT(event.new_servers, ElementsAre("new1.test", "new2.test"));
    EXPECT_THAT(event.reason, testing::HasSubstr("followed none of the new servers"));
    EXPECT_THAT(event.advice, testing::HasSubstr("ntpoptctl reoptimize"));
}

TEST(NoticePolicy, GoingBackByHandEndsNoTroubleThatOnlyMeasuringCanEnd) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    std::uint64_t id = 0;
    const auto run = [&](const std::string& outcome, const std::string& trigger, std::vector<std::string> after) {
        auto round = round_of(++id, outcome, {"a.test"}, std::move(after));
        round["trigger"] = trigger;
        return policy.round_finished(round, at(0s));
    };
    EXPECT_EQ(run("no_consensus", "schedule", {"a.test"}).size(), 1U);
    EXPECT_EQ(run("rolled_back", "schedule", {"a.test"}).size(), 1U);
    const auto back = run("applied", "rollback", {});
    ASSERT_EQ(told(back), (std::vector<std::string>{"selection_changed/info", "recovered/info"}));
    EXPECT_EQ(back[0].title, "The time servers were changed back by hand");
    EXPECT_THAT(back[1].title, testing::HasSubstr("rolled back"));
    EXPECT_THAT(make_notice("1", "host", {back[0]}, 0, at(0s)).text,
                testing::HasSubstr("Now:       the service's own servers"));
    const auto measured = run("unchanged", "schedule", {"a.test"});
    ASSERT_EQ(told(measured), std::vector<std::string>{"recovered/info"});
    EXPECT_THAT(measured[0].title, testing::HasSubstr("do not agree"));
}

TEST(NoticePolicy, TellsNoRoundTwiceAlsoAfterARestart) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    const auto round = round_of(7, "rolled_back", {"a.test"}, {"a.test"});
    EXPECT_EQ(policy.round_finished(round, at(0s)).size(), 1U);
    EXPECT_THAT(policy.round_finished(round, at(1s)), IsEmpty());
    NoticePolicy next(NotifyConfig{}, *parse_json(render_json(policy.remembered())));
    EXPECT_THAT(next.round_finished(round, at(2s)), IsEmpty());
    EXPECT_EQ(next.round_finished(round_of(8, "rolled_back", {"a.test"}, {"a.test"}), at(3s)).size(), 1U);
}

TEST(NoticePolicy, AStateThatLastsIsToldAgainAfterItsCoolDown) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    std::uint64_t id = 0;
    const auto run = [&](const std::string& outcome, Duration after) {
        return policy.round_finished(round_of(++id, outcome, {"a.test"}, {"a.test"}), at(after));
    };
    EXPECT_EQ(run("no_consensus", 0h).size(), 1U);
    EXPECT_THAT(run("no_consensus", 6h), IsEmpty());
    EXPECT_THAT(run("no_consensus", 23h), IsEmpty());
    EXPECT_EQ(run("no_consensus", 24h).size(), 1U);
    const auto over = run("unchanged", 30h);
    ASSERT_EQ(told(over), std::vector<std::string>{"recovered/info"});
    EXPECT_THAT(over[0].reason, testing::HasSubstr("do not agree on the time (for 1d 6h)"));
    EXPECT_THAT(run("unchanged", 36h), IsEmpty()) << "it is over once";
    EXPECT_EQ(run("no_consensus", 42h).size(), 1U) << "after its end it is news again";
}

TEST(NoticePolicy, WhatComesAndGoesIsToldOnceAnHour) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    const auto look = [&](double bound, Duration after) {
        return told(policy.observed(service_with({}), bound, at(after), after));
    };
    EXPECT_THAT(look(2.0, 0min), IsEmpty()) << "a service that has just started";
    EXPECT_THAT(look(0.9, 1min), IsEmpty());
    EXPECT_THAT(look(2.0, 2min), IsEmpty());
    EXPECT_THAT(look(2.0, 4min), ElementsAre("clock_error/error"));
    EXPECT_THAT(look(0.9, 5min), IsEmpty()) << "not clearly below";
    EXPECT_THAT(look(0.1, 10min), ElementsAre("recovered/info"));
    EXPECT_THAT(look(2.0, 15min), IsEmpty());
    EXPECT_THAT(look(2.0, 18min), IsEmpty()) << "too soon";
    EXPECT_THAT(look(2.0, 19min), IsEmpty()) << "the same, looked at once more";
    EXPECT_THAT(look(0.1, 20min), IsEmpty()) << "nobody was told that it began";
    EXPECT_THAT(look(2.0, 60min), IsEmpty());
    const auto again = policy.observed(service_with({}), 2.0, at(65min), 65min);
    ASSERT_EQ(told(again), std::vector<std::string>{"clock_error/error"});
    EXPECT_EQ(again[0].held_back, 1U);
}

TEST(NoticePolicy, AServiceThatFollowsNobodyForLongIsOverTheLimit) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    const auto look = [&](std::optional<double> bound, Duration after) {
        return told(policy.observed(service_with({}), bound, at(after), after));
    };
    EXPECT_THAT(look(std::nullopt, 0min), IsEmpty());
    EXPECT_THAT(look(std::nullopt, 15min), IsEmpty());
    EXPECT_THAT(look(std::nullopt, 30min), ElementsAre("clock_error/error"));
    EXPECT_THAT(look(0.01, 45min), ElementsAre("recovered/info"));
    NotifyConfig off;
    off.error_bound_limit = 0s;
    NoticePolicy silent(off, nullptr);
    EXPECT_THAT(silent.observed(service_with({}), 100.0, at(0s), 0s), IsEmpty());
}

TEST(NoticePolicy, AClockThatIsSetByYearsAtBootIsNotAServiceThatFollowedNobodyForYears) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    EXPECT_THAT(policy.observed(service_with({}), std::nullopt, RealTime{}, 10s), IsEmpty());
    EXPECT_THAT(policy.observed(service_with({}), std::nullopt, at(0s), 20s), IsEmpty());
    EXPECT_THAT(told(policy.observed(service_with({}), std::nullopt, at(30min), 31min)),
                ElementsAre("clock_error/error"));
}

TEST(NoticePolicy, AConflictIsToldWithItsEnd) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    const auto conflict = service_with({"chronyd runs beside ntpd: they fight over the clock"});
    const auto first = policy.observed(conflict, 0.001, at(0s), 0s);
    ASSERT_EQ(told(first), std::vector<std::string>{"service_conflict/error"});
    EXPECT_EQ(first[0].reason, conflict.refusals[0]);
    EXPECT_THAT(policy.observed(conflict, 0.001, at(15min), 15min), IsEmpty());
    EXPECT_EQ(told(policy.observed(service_with({}), 0.001, at(30min), 30min)),
              std::vector<std::string>{"recovered/info"});
}

TEST(NoticePolicy, ARefusalThatIsNoConflictIsToldNobody) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    auto refused = service_with({"the limit of changes a day is reached"});
    refused.conflict = false;
    EXPECT_THAT(policy.observed(refused, 0.001, at(0s), 0s), IsEmpty());
}

TEST(NoticePolicy, AChannelThatTellsNotEverybodyIsToldByTheOthers) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    using Silence = NoticePolicy::Silence;
    const std::vector<std::pair<Silence, std::string>> rows{
        {Silence::refused, "Notices by email are refused"},
        {Silence::in_part, "Notices by email do not reach everybody"},
        {Silence::given_up, "Notices by email were given up"}};
    for (const auto& [how, title] : rows) {
        const auto events = policy.undeliverable("email", "because", how, at(0s));
        ASSERT_EQ(told(events), std::vector<std::string>{"undeliverable/error"}) << title;
        EXPECT_EQ(events[0].title, title);
        EXPECT_THAT(policy.undeliverable("email", "because", how, at(1h)), IsEmpty()) << title;
    }
}

TEST(NoticePolicy, OnlyABlacklistedServerThatIsInUseMatters) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    policy.take_as_known(round_of(1, "applied", {}, {"a.test", "b.test"}));
    EXPECT_THAT(policy.blacklisted("c.test", "failed 3 rounds", at(0s)), IsEmpty());
    EXPECT_THAT(told(policy.blacklisted("a.test", "failed 3 rounds", at(0s))),
                ElementsAre("incumbent_blacklisted/warning"));
    EXPECT_THAT(told(policy.round_finished(round_of(2, "unchanged", {"a.test"}, {"a.test", "b.test"}), at(1min))),
                IsEmpty());
    EXPECT_THAT(told(policy.round_finished(round_of(3, "applied", {"a.test", "b.test"}, {"b.test"}), at(2min))),
                ElementsAre("selection_changed/info", "recovered/info"));
}

TEST(NoticePolicy, TheLeastSeverityHoldsForTroubleAndItsEndAlike) {
    NotifyConfig config;
    config.min_severity = Severity::error;
    NoticePolicy policy(config, nullptr);
    EXPECT_THAT(policy.round_finished(round_of(1, "applied", {"a.test"}, {"b.test"}), at(0s)), IsEmpty());
    EXPECT_THAT(policy.round_finished(round_of(2, "no_consensus", {"b.test"}, {"b.test"}), at(1s)), IsEmpty());
    EXPECT_THAT(policy.round_finished(round_of(3, "unchanged", {"b.test"}, {"b.test"}), at(2s)), IsEmpty());
    EXPECT_EQ(policy.round_finished(round_of(4, "rolled_back", {"b.test"}, {"b.test"}), at(3s)).size(), 1U);
    EXPECT_THAT(told(policy.round_finished(round_of(5, "unchanged", {"b.test"}, {"b.test"}), at(4s))),
                ElementsAre("recovered/info"));
}

TEST(NoticePolicy, HostileNamesAreShownSafelyAndAMemoryThatIsNoneIsTakenForNone) {
    NoticePolicy policy(NotifyConfig{},
                        Json{{"keys", 3}, {"told", {{"x", 5}}}, {"troubles", {{"nonsense", 1}}}, {"last_run", -4}});
    const auto events = policy.round_finished(
        round_of(1, "applied", {"a.test"}, {"\x1b[31m\r\nBcc: x@y.example"}, "line\nnext"), at(0s));
    ASSERT_EQ(events.size(), 1U);
    for (const auto& text : {events[0].new_servers.at(0), events[0].reason})
        EXPECT_EQ(text.find_first_of("\r\n\x1b"), std::string::npos);
    EXPECT_THAT(policy.round_finished(Json("nothing"), at(0s)), IsEmpty());
}

TEST(NoticeEvent, IsReadBackAsItWasWritten) {
    const auto event = test::rolled_back_event();
    EXPECT_EQ(*parse_notice_event(to_json(event)), event);
    EXPECT_FALSE(parse_notice_event(Json{{"topic", "test"}}));
    EXPECT_FALSE(parse_notice_event(nullptr));
}

}  // namespace
}  // namespace ntpopt
