// What ntpoptd asks polkit, and what it makes of each answer, of none, and of too many questions.
#include "daemon/api/polkit.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/bus/harness/private_bus.hpp"
#include "tests/bus/polkit/polkit_fixture.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;
using Mood = FakePolkit::Mood;

TEST_F(AskingPolkit, RootNeedsNoPolkit) {
    fake.reset();
    EXPECT_TRUE(ask({caller->getUniqueName(), 0, false}));
    EXPECT_TRUE(ask({caller->getUniqueName(), 0, true}, Action::rollback));
}

TEST_F(AskingPolkit, WhatIsAllowedIsAllowed) {
    EXPECT_TRUE(ask(somebody(), Action::reoptimize));
    EXPECT_TRUE(ask(somebody(), Action::configure));
    EXPECT_TRUE(ask(somebody(), Action::rollback));
    ASSERT_EQ(fake->asked.size(), 3U);
    EXPECT_EQ(fake->asked[0].action, "org.ntpopt1.reoptimize");
    EXPECT_EQ(fake->asked[1].action, "org.ntpopt1.configure");
    EXPECT_EQ(fake->asked[2].action, "org.ntpopt1.rollback");
    for (const auto& question : fake->asked) {
        EXPECT_EQ(question.kind, "system-bus-name");
        EXPECT_EQ(question.name, caller->getUniqueName());
        EXPECT_EQ(question.flags, 0U);
        EXPECT_TRUE(question.details.empty()) << "polkit takes details from owners only";
    }
    EXPECT_NE(fake->asked[0].cancellation_id, fake->asked[1].cancellation_id);
    EXPECT_TRUE(fake->cancelled.empty());
    EXPECT_EQ(polkit.pending(), 0U);
}

TEST_F(AskingPolkit, WhatIsDeniedIsDenied) {
    fake->mood = Mood::denies;
    const auto answer = ask(somebody());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), (Error{Errc::access_denied, "polkit does not allow org.ntpopt1.reoptimize"}));
}

TEST_F(AskingPolkit, APasswordIsAskedForWhereTheCallerAllowsIt) {
    fake->mood = Mood::wants_a_password;
    const auto without = ask(somebody());
    ASSERT_FALSE(without);
    EXPECT_EQ(without.error(), (Error{Errc::not_authenticated,
                                      "interactive authentication required for org.ntpopt1.reoptimize (polkit)"}));
    EXPECT_TRUE(ask(somebody(true)));
    ASSERT_EQ(fake->asked.size(), 2U);
    EXPECT_EQ(fake->asked[0].flags, 0U);
    EXPECT_EQ(fake->asked[1].flags, 1U);
}

TEST_F(AskingPolkit, NobodyThereToBeAsked) {
    fake->mood = Mood::nobody_to_ask;
    const auto answer = ask(somebody(true));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::not_authenticated);
    EXPECT_THAT(answer.error().detail, HasSubstr("nobody could be asked"));
}

TEST_F(AskingPolkit, ADismissedDialogIsANo) {
    fake->mood = Mood::dismissed;
    const auto answer = ask(somebody(true));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(),
              (Error{Errc::access_denied, "the authentication for org.ntpopt1.reoptimize was dismissed (polkit)"}));
}

TEST_F(AskingPolkit, WithoutPolkitOnlyRootMay) {
    fake.reset();
    const auto answer = ask(somebody(true));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::access_denied);
    EXPECT_THAT(answer.error().detail, HasSubstr("without it only root may"));
}

TEST_F(AskingPolkit, AnAnswerOfAnotherTypeIsANo) {
    fake->mood = Mood::talks_nonsense;
    EXPECT_EQ(ask(somebody()).error().code, Errc::access_denied);
    fake->mood = Mood::is_not_ours;
    const auto answer = ask(somebody());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::access_denied);
    EXPECT_THAT(answer.error().detail, HasSubstr("Only trusted callers"));
}

TEST_F(AskingPolkit, WhoNeverAnswersIsNotWaitedForAndIsToldSo) {
    fake->mood = Mood::silent;
    const auto answer = ask(somebody());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::access_denied);
    EXPECT_THAT(answer.error().detail, HasSubstr("no answer"));
    ASSERT_TRUE(loop.until([&] { return !fake->cancelled.empty(); }));
    EXPECT_EQ(fake->cancelled.front(), fake->asked.front().cancellation_id);
    EXPECT_EQ(polkit.pending(), 0U);
}

TEST_F(AskingPolkit, ACallerThatDiesTakesItsQuestionAlong) {
    fake->mood = Mood::silent;
    spawn(somebody(true));
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 1; }));
    caller.reset();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1; }));
    EXPECT_EQ(outcomes.front().error(), (Error{Errc::access_denied, "the caller left the bus"}));
    ASSERT_TRUE(loop.until([&] { return !fake->cancelled.empty(); }));
    EXPECT_EQ(fake->cancelled.front(), fake->asked.front().cancellation_id);
}

TEST_F(AskingPolkit, ACallerThatDiesBeforePolkitSaysYesGetsNothing) {
    fake->mood = Mood::silent;
    spawn(somebody(true));
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 1; }));
    // Both are on their way before the loop turns again.
    caller.reset();
    fake->allow_all();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1; }));
    ASSERT_FALSE(outcomes.front());
}

TEST_F(AskingPolkit, OthersWhoLeaveAreOfNoConcern) {
    fake->mood = Mood::silent;
    auto other = sdbus::createSystemBusConnection();
    spawn(somebody(true));
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 1; }));
    other.reset();
    fake->allow_all();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1; }));
    EXPECT_TRUE(outcomes.front());
}

TEST_F(AskingPolkit, AThousandAtOnceAreBounded) {
    fake->mood = Mood::silent;
    for (uid_t i = 0; i < 1000; ++i)
        spawn({caller->getUniqueName(), 1000 + i % 100, true});
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 64 && outcomes.size() == 936; }));
    for (const auto& outcome : outcomes)
        EXPECT_EQ(outcome.error().code, Errc::busy);
    EXPECT_EQ(polkit.pending(), 64U);
    fake->allow_all();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1000; }));
    EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), [](const Status& s) { return s.has_value(); }), 64);
    EXPECT_EQ(polkit.pending(), 0U);
    fake->mood = Mood::allows;
    EXPECT_TRUE(ask(somebody()));
}

TEST_F(AskingPolkit, OneUserDoesNotShutOutOthers) {
    fake->mood = Mood::silent;
    for (int i = 0; i < 100; ++i)
        spawn({caller->getUniqueName(), 1001, true});
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 16 && outcomes.size() == 84; }));
    fake->mood = Mood::allows;
    EXPECT_TRUE(ask({caller->getUniqueName(), 1002, true}));
    fake->allow_all();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 100; }));
}

TEST_F(AskingPolkit, TheEndOfTheDaemonEndsEveryQuestion) {
    fake->mood = Mood::silent;
    spawn(somebody(true));
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 1; }));
    polkit.stop();
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1; }));
    EXPECT_EQ(outcomes.front().error().code, Errc::shutting_down);
    EXPECT_EQ(ask(somebody()).error().code, Errc::shutting_down);
}

TEST(StartingPolkit, APolkitThatCannotBeStartedIsNoYes) {
    const Scratch services;
    std::ofstream(services.file("org.freedesktop.PolicyKit1.service"))
        << "[D-BUS Service]\nName=org.freedesktop.PolicyKit1\nExec=/bin/false\nUser=root\n";
    PrivateBus bus(Policies::permissive, services.path());
    const auto connection = sdbus::createSystemBusConnection();
    Loop loop;
    BusPump pump(loop.io, *connection, [](const Error&) {});
    Polkit polkit(pump);
    const auto answer = loop.run(polkit.allow({connection->getUniqueName(), 1000, true}, Action::reoptimize));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::access_denied);
    EXPECT_THAT(answer.error().detail, HasSubstr("only root may"));
}

}  // namespace
}  // namespace ntpopt::test
