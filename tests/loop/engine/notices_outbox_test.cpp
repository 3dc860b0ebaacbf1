// What the outbox keeps for whom: full disks, other configurations, nobody.
#include "tests/loop/engine/notices_world.hpp"

namespace ntpopt {
namespace {

using test::NoticesTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(NoticesTest, AFullDiskCostsNoNotice) {
    outbox.full = true;
    start();
    tell(round("applied"));
    pass(10s);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(troubles, ElementsAre(HasSubstr("disk full")));
    stop();
}

TEST_F(NoticesTest, WhatAFullDiskRefusedIsKeptWithTheNextThingThatHappens) {
    start();
    notifier.answers["email"] = {false, false, "nobody listens"};
    tell(round("applied"));
    outbox.full = true;
    tell(round("degraded"));
    notifier.answers.clear();
    pass(2min);
    EXPECT_THAT(notifier.sent["email"], SizeIs(1));
    EXPECT_THAT(outbox.entries, SizeIs(1)) << "delivered, and the disk is full";
    notifier.answers["email"] = {false, false, "nobody listens"};
    tell(round("rolled_back"));
    outbox.full = false;
    notices->service_observed({});
    EXPECT_THAT(outbox.entries, SizeIs(1));
    EXPECT_EQ(get_string(outbox.entries.begin()->second.event, "topic"), "rolled_back");
    stop();
    notifier.answers.clear();
    start();
    pass(10s);
    ASSERT_THAT(notifier.sent["email"], SizeIs(2)) << "each once, also over a restart";
    EXPECT_THAT(notifier.sent["email"][1].events, SizeIs(1));
    stop();
}

TEST_F(NoticesTest, AWebhookKeepsWhatIsItsOwnWhereverItStandsInTheList) {
    config = {};
    config.webhooks = {{"/etc/ntpopt/a.url", {}}, {"/etc/ntpopt/b.url", {}}};
    notifier.answers["webhook"] = {false, false, "nobody listens"};
    start();
    tell(round("applied"));
    pass(10s);
    EXPECT_THAT(notifier.sent["webhook2"], SizeIs(1));
    for (const bool restarts : {false, true}) {
        if (restarts) stop();
        config.webhooks = {{"/etc/ntpopt/b.url", {}}};
        notifier.answers.clear();
        if (restarts)
            start();
        else
            notices->configure(config);
        pass(1h);
        EXPECT_THAT(notifier.sent["webhook"], IsEmpty()) << "it has had that already";
        EXPECT_THAT(outbox.entries, IsEmpty());
    }
    stop();
}

TEST_F(NoticesTest, WhereNobodyIsToBeToldAnyMoreWhatWaitsIsForgotten) {
    notifier.answers["email"] = {false, false, "nobody listens"};
    start();
    tell(round("applied"));
    stop();
    EXPECT_THAT(outbox.entries, SizeIs(1));
    const auto before = config;
    config = {};
    start();
    stop();
    EXPECT_THAT(outbox.entries, IsEmpty());
    EXPECT_TRUE(outbox.state.is_null());
    config = before;
    notifier.answers.clear();
    start();
    pass(1h);
    EXPECT_THAT(notifier.sent["email"], IsEmpty());
    stop();
}

}  // namespace
}  // namespace ntpopt
