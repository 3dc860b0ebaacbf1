// When people are told, by whom, and what becomes of a channel that fails.
#include "tests/loop/engine/notices_world.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using test::NoticesTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(NoticesTest, DeliversOnceAndSleepsWithoutATimerWhileNothingWaits) {
    start();
    EXPECT_TRUE(asleep());
    tell(round("applied"));
    EXPECT_FALSE(asleep());
    pass(10s);
    ASSERT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_EQ(notifier.sent["email"][0].subject, "[ntpopt host.test] info: The time servers were changed");
    EXPECT_THAT(outbox.entries, IsEmpty());
    EXPECT_TRUE(asleep());
    pass(24h);
    EXPECT_EQ(notifier.attempts["email"], 1);
    stop();
}

TEST_F(NoticesTest, WithoutAChannelNothingIsWrittenAndNobodyWakesUp) {
    config = {};
    start();
    tell(round("degraded"));
    EXPECT_EQ(outbox.changes, 0);
    EXPECT_TRUE(asleep());
    stop();
}

TEST_F(NoticesTest, FiveHundredEventsInAMinuteAreAtMostThreeMails) {
    start();
    for (int i = 0; i < 500; ++i) {
        tell(round("applied", {"a" + std::to_string(i) + ".test"}, {"b" + std::to_string(i) + ".test"}));
        pass(120ms);
    }
    pass(1h);
    EXPECT_LE(notifier.sent["email"].size(), 3U);
    std::size_t told = 0;
    for (const auto& mail : notifier.sent["email"])
        told += mail.events.size();
    EXPECT_EQ(told, 500U);
    stop();
}

TEST_F(NoticesTest, AMailWaitsAnHourForARecipientWhoIsAskedToComeAgain) {
    start();
    notifier.greylists = true;
    tell(round("rolled_back"));
    pass(30min);
    EXPECT_THAT(notifier.sent["email"], IsEmpty());
    notifier.greylists = false;
    pass(30min);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1)) << "everybody has it, once";

    notifier.greylists = true;
    tell(round("degraded"));
    pass(1h);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    pass(10min);
    EXPECT_THAT(notifier.sent["email"], SizeIs(2)) << "the others wait no longer";
    tell(round("no_consensus"));
    pass(10min);
    EXPECT_THAT(notifier.sent["email"], SizeIs(3)) << "nor do they for the next one";
    stop();
}

TEST_F(NoticesTest, AServerThatIsDownForAnHourGetsTheMailOnce) {
    start();
    notifier.answers["email"] = {false, false, "nobody listens"};
    tell(round("rolled_back"));
    pass(1h);
    EXPECT_THAT(notifier.sent["email"], IsEmpty());
    EXPECT_THAT(outbox.entries, SizeIs(1));
    EXPECT_THAT(notices->alarms(), ElementsAre(HasSubstr("nobody listens")));
    notifier.answers.clear();
    pass(1h);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(outbox.entries, IsEmpty());
    EXPECT_THAT(notices->alarms(), IsEmpty());
    pass(48h);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(troubles, ElementsAre(HasSubstr("cannot be delivered: nobody listens"), HasSubstr("delivered again")));
    stop();
}

TEST_F(NoticesTest, ADeadChannelDelaysNothingAndIsToldByTheOthersOnce) {
    config.slack_url_file = "/etc/ntpopt/slack";
    start();
    notifier.answers["email"] = {false, true, "wrong password"};
    tell(round("rolled_back"));
    pass(10s);
    EXPECT_THAT(notifier.sent["slack"], SizeIs(1));
    pass(24h);
    ASSERT_THAT(notifier.sent["slack"], SizeIs(3)) << "the event, the refusal, that it was given up";
    EXPECT_THAT(notifier.sent["slack"][1].text, HasSubstr("Notices by email are refused"));
    EXPECT_THAT(notifier.sent["slack"][1].text, HasSubstr("wrong password"));
    EXPECT_THAT(notifier.sent["slack"][2].text, HasSubstr("Notices by email were given up"));
    EXPECT_THAT(troubles, SizeIs(2)) << "the refusal once, that it was given up once";
    EXPECT_THAT(outbox.entries, IsEmpty());
    EXPECT_LE(notifier.attempts["email"], 12);
    stop();
}

TEST_F(NoticesTest, WhatWaitsSurvivesARestartAndNothingIsToldTwice) {
    start();
    const auto first = round("rolled_back");
    tell(first);
    stop();
    EXPECT_THAT(notifier.sent["email"], IsEmpty());
    start();
    notices->catch_up(first);
    pass(10min);
    ASSERT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(notifier.sent["email"][0].events, SizeIs(1));
    stop();
    start();
    notices->catch_up(first);
    pass(10min);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    stop();
}

TEST_F(NoticesTest, ARoundThatWasRecordedButNotToldIsToldAfterTheRestart) {
    start();
    tell(round("applied"));
    stop();
    const auto untold = round("rolled_back");
    start();
    notices->catch_up(untold);
    pass(10min);
    ASSERT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(notifier.sent["email"][0].events, SizeIs(2));
    stop();
}

TEST_F(NoticesTest, TheFirstLifeTellsNothingOfThePast) {
    start();
    notices->catch_up(round("rolled_back"));
    pass(1h);
    EXPECT_THAT(notifier.attempts, IsEmpty());
    stop();
}

TEST_F(NoticesTest, AnAttemptThatHangsEndsWithTheDaemonAndIsMadeAgain) {
    notifier.hangs = true;
    start();
    tell(round("applied"));
    pass(10s);
    EXPECT_EQ(notifier.attempts["email"], 1);
    stop();
    EXPECT_THAT(outbox.entries, SizeIs(1));
    notifier.hangs = false;
    start();
    pass(10s);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(troubles, IsEmpty());
    stop();
}

TEST_F(NoticesTest, WhatArrivesWhileTheDaemonEndsIsNotSentAgain) {
    notifier.waits = true;
    start();
    tell(round("applied"));
    pass(10s);
    notices->stop();
    io.poll();
    EXPECT_FALSE(io.stopped()) << "it waits for what is on its way";
    notifier.arrive();
    io.poll();
    EXPECT_TRUE(io.stopped());
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(outbox.entries, IsEmpty());
    start();
    pass(1h);
    EXPECT_EQ(notifier.attempts["email"], 1);
    stop();
}

TEST_F(NoticesTest, ARecipientWhomTheServerRefusesIsNamedOnceAndToldByTheOthers) {
    config.slack_url_file = "/etc/ntpopt/slack";
    notifier.answers["email"] = {true, true, "gone@host.test (550 no such user)"};
    start();
    tell(round("rolled_back"));
    pass(1h);
    tell(round("rolled_back"));
    pass(1h);
    EXPECT_THAT(notifier.sent["email"], SizeIs(2));
    EXPECT_THAT(troubles, ElementsAre("notices by email do not reach everybody: gone@host.test (550 no such user)"));
    EXPECT_THAT(notices->alarms(), ElementsAre(troubles.front()));
    ASSERT_THAT(notifier.sent["slack"], SizeIs(3));
    EXPECT_THAT(notifier.sent["slack"][1].text, HasSubstr("Notices by email do not reach everybody"));
    notifier.answers.clear();
    tell(round("rolled_back"));
    pass(1h);
    EXPECT_THAT(notices->alarms(), IsEmpty());
    EXPECT_THAT(troubles, ElementsAre(testing::_, "notices by email are delivered again"));
    stop();
}

TEST_F(NoticesTest, AnotherConfigurationIsTriedAtOnceAndAChannelThatWentTakesItsEventsAlong) {
    config.slack_url_file = "/etc/ntpopt/slack";
    start();
    notifier.answers["email"] = {false, true, "wrong password"};
    notifier.answers["slack"] = {false, false, "down"};
    tell(round("applied"));
    pass(10s);
    notifier.answers.clear();
    config.slack_url_file.clear();
    notices->configure(config);
    io.poll();
    pass(1s);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(notifier.sent["slack"], IsEmpty());
    EXPECT_THAT(outbox.entries, IsEmpty());
    stop();
}

TEST_F(NoticesTest, ATestGoesPastTheQueueAndSaysWhatCameOfIt) {
    config.slack_url_file = "/etc/ntpopt/slack";
    start();
    notifier.answers["slack"] = {false, true, "status 404"};
    std::vector<Result<std::vector<Notices::Tested>>> results;
    for (const std::string& channel : {std::string(), std::string("slack"), std::string("pager")}) {
        asio::co_spawn(io, notices->test(channel),
                       [&](const std::exception_ptr&, Result<std::vector<Notices::Tested>> tested) {
                           results.push_back(std::move(tested));
                       });
        io.poll();
    }
    ASSERT_EQ(results.size(), 3U);
    ASSERT_TRUE(results[0] && results[1]);
    ASSERT_THAT(*results[0], SizeIs(2));
    EXPECT_TRUE((*results[0])[0].delivery.ok);
    EXPECT_EQ((*results[0])[1].delivery.detail, "status 404");
    EXPECT_THAT(*results[1], SizeIs(1));
    EXPECT_EQ(results[2].error().code, Errc::not_found);
    EXPECT_THAT(outbox.entries, IsEmpty());
    stop();
}

}  // namespace
}  // namespace ntpopt
