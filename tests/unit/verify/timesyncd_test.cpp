// When a change of timesyncd counts as proven, when it is waited for, and when it is undone.
#include "daemon/core/verify/timesyncd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration kDeadline = 45s;
constexpr std::uint64_t kApplied_usec = 1'800'000'000'000'000;

TimesyncdPlan plan_of(std::vector<std::string> servers) {
    TimesyncdPlan plan;
    plan.servers = plan.runtime = std::move(servers);
    plan.was_synchronised = true;
    return plan;
}

TimesyncdMark mark() {
    return {kApplied_usec, 7, 0};
}

/// n1.test answered 20 ms after the change; its clock is `offset_s` ahead, the way there and back takes 10 ms.
TimesyncdStatus answered(std::string server = "n1.test", double offset_s = 0) {
    TimesyncdStatus seen;
    seen.live = true;
    seen.runtime = {"n1.test", "n2.test"};
    seen.system = {"base.test"};
    seen.server_name = std::move(server);
    seen.server_address = *Address::parse("192.0.2.1");
    seen.poll_usec = 64'000'000;
    auto& message = seen.message;
    message.leap = 0;
    message.stratum = 2;
    message.origin_usec = kApplied_usec + 20'000;
    message.receive_usec = message.transmit_usec =
        static_cast<std::uint64_t>(static_cast<double>(message.origin_usec) + 5'000 + offset_s * 1e6);
    message.destination_usec = message.origin_usec + 10'000;
    message.packet_count = 8;
    return seen;
}

Finding judge(const TimesyncdStatus& seen, Duration since = 1s, TimesyncdPlan plan = plan_of({"n1.test", "n2.test"}),
              TimesyncdMark at = mark()) {
    return judge_timesyncd(plan, seen, at, since, kDeadline);
}

TEST(Timesyncd, a_new_answer_of_a_new_server) {
    EXPECT_EQ(judge(answered()).judgement, Judgement::keep);
    EXPECT_EQ(judge(answered("N2.test.")).judgement, Judgement::keep) << "any of the set, however it is spelt";
}

TEST(Timesyncd, the_last_answer_of_the_server_before_is_no_proof) {
    auto seen = answered();
    seen.message.origin_usec = kApplied_usec - 30'000'000;
    seen.message.destination_usec = kApplied_usec - 29'990'000;
    seen.message.packet_count = 7;
    EXPECT_EQ(judge(seen).judgement, Judgement::wait);
    const auto late = judge(seen, 46s);
    EXPECT_EQ(late.judgement, Judgement::roll_back);
    EXPECT_THAT(late.reason, HasSubstr("n1.test did not answer within 46 s"));
}

TEST(Timesyncd, an_answer_that_was_under_way_during_the_change_is_no_proof) {
    auto seen = answered();
    seen.message.origin_usec = kApplied_usec - 4'000;
    EXPECT_EQ(judge(seen).judgement, Judgement::wait);
}

TEST(Timesyncd, nobody_answers) {
    auto seen = answered();
    seen.message = TimesyncdMessage();
    seen.server_address.reset();
    EXPECT_THAT(judge(seen, 46s).reason, HasSubstr("n1.test did not resolve"));
    seen.server_name.clear();
    EXPECT_THAT(judge(seen, 46s).reason, HasSubstr("none of n1.test, n2.test could be asked"));
}

TEST(Timesyncd, it_went_on_to_a_server_of_dhcp) {
    const auto seen = answered("dhcp.test");
    EXPECT_EQ(judge(seen).judgement, Judgement::wait) << "it may come back to ours";
    EXPECT_THAT(judge(seen, 46s).reason, HasSubstr("gave up the new servers within 46 s and asks dhcp.test"));
}

TEST(Timesyncd, another_list) {
    auto seen = answered();
    seen.runtime = {"x.test\n"};
    EXPECT_THAT(judge(seen).reason, HasSubstr("told another list meanwhile: x.test\\x0a"));
    seen.runtime.clear();
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back) << "it was restarted and did not read our file";
    seen.system = {"n1.test", "n2.test"};
    EXPECT_EQ(judge(seen).judgement, Judgement::keep) << "it was restarted and did";
}

TEST(Timesyncd, a_server_that_is_not_synchronised_itself) {
    auto seen = answered();
    seen.message.leap = 3;
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back);
    seen = answered();
    for (const int stratum : {0, 16}) {
        seen.message.stratum = stratum;
        EXPECT_EQ(judge(seen).judgement, Judgement::roll_back) << stratum;
    }
}

TEST(Timesyncd, a_step_of_a_synchronised_clock) {
    EXPECT_EQ(judge(answered("n1.test", 0.39)).judgement, Judgement::keep);
    EXPECT_THAT(judge(answered("n1.test", -0.41)).reason, HasSubstr("stepped a synchronised clock by -410 ms"));
    auto plan = plan_of({"n1.test", "n2.test"});
    plan.was_synchronised = false;
    EXPECT_EQ(judge(answered("n1.test", 3600), 1s, plan).judgement, Judgement::keep);
}

TEST(Timesyncd, an_answer_that_contradicts_the_measurement) {
    auto plan = plan_of({"n1.test", "n2.test"});
    plan.measured = {{"n1.test", 0.002, 0.001}, {"n2.test", 0.3, 0.001}};
    EXPECT_EQ(judge(answered("n1.test", 0.04), 1s, plan).judgement, Judgement::keep);
    EXPECT_THAT(judge(answered("n1.test", 0.3), 1s, plan).reason,
                HasSubstr("n1.test is 300.0 ms away from this clock, and was measured at 2.0 ms"));
    EXPECT_EQ(judge(answered("n2.test", 0.3), 1s, plan).judgement, Judgement::keep);
}

TEST(Timesyncd, a_spike_is_asked_again_and_then_believed) {
    auto seen = answered();
    seen.message.spike = true;
    const auto plan = plan_of({"n1.test", "n2.test"});
    auto at = mark();
    EXPECT_EQ(judge(seen, 1s, plan, at).judgement, Judgement::wait);
    EXPECT_TRUE(should_ask_again(plan, seen, at));
    at.packet_count = 8;
    EXPECT_FALSE(should_ask_again(plan, seen, at)) << "the same answer still";
    at = {kApplied_usec, 7, kTimesyncdAsks};
    EXPECT_FALSE(should_ask_again(plan, seen, at));
    EXPECT_EQ(judge(seen, 1s, plan, at).judgement, Judgement::keep);
    EXPECT_FALSE(should_ask_again(plan, answered("base.test"), mark()));
}

TEST(Timesyncd, who_asks_for_its_own_servers_gets_them) {
    TimesyncdPlan plan;
    plan.original = true;
    plan.servers = {"base.test"};
    auto seen = answered();
    EXPECT_EQ(judge(seen, 1s, plan).judgement, Judgement::roll_back) << "the list is still another one";
    seen.runtime.clear();
    seen.message = TimesyncdMessage();
    EXPECT_EQ(judge(seen, 1s, plan).judgement, Judgement::keep);
}

TEST(TimesyncdReport, offset_and_delay_of_an_answer) {
    const auto message = answered("n1.test", 0.25).message;
    EXPECT_NEAR(message.offset_s(), 0.25, 1e-6);
    EXPECT_NEAR(message.delay_s(), 0.01, 1e-6);
    TimesyncdMessage absurd;
    absurd.origin_usec = UINT64_MAX;
    EXPECT_GE(absurd.delay_s(), 0);
}

TEST(TimesyncdReport, the_dispersion_grows_with_the_age_of_the_answer) {
    auto message = answered().message;
    message.root_dispersion_s = 0.002;
    message.jitter_s = 0.001;
    EXPECT_DOUBLE_EQ(message.dispersion_s(message.destination_usec), 0.003);
    EXPECT_NEAR(message.dispersion_s(message.destination_usec + 4'000'000'000), 0.003 + 0.06, 1e-9);
    EXPECT_DOUBLE_EQ(message.dispersion_s(message.destination_usec - 10'000'000), 0.003) << "the clock was set back";
}

TEST(TimesyncdReport, synchronised_only_while_the_answer_is_young) {
    const auto seen = answered();
    const auto now = seen.message.destination_usec;
    EXPECT_TRUE(is_synchronised(seen, now + 150'000'000));
    EXPECT_FALSE(is_synchronised(seen, now + 160'000'000)) << "two polls and a burst were missed";
    EXPECT_TRUE(is_synchronised(seen, now - 10'000'000)) << "the clock was set back since";
    auto silent = seen;
    silent.message.packet_count = 0;
    EXPECT_FALSE(is_synchronised(silent, now));
    silent = seen;
    silent.message.leap = 3;
    EXPECT_FALSE(is_synchronised(silent, now));
    silent = seen;
    silent.server_name.clear();
    EXPECT_FALSE(is_synchronised(silent, now));
    silent = seen;
    silent.poll_usec = UINT64_MAX;
    EXPECT_TRUE(is_synchronised(silent, now + 1)) << "no overflow";
}

TEST(TimesyncdReport, whom_it_asks) {
    TimesyncdStatus seen;
    seen.fallback = {"f"};
    EXPECT_EQ(seen.followed(), seen.fallback);
    seen.link = {"d"};
    EXPECT_EQ(seen.followed(), seen.link);
    seen.system = {"s"};
    EXPECT_EQ(seen.followed(), (std::vector<std::string>{"s", "d"}));
    seen.runtime = {"r"};
    EXPECT_EQ(seen.followed(), (std::vector<std::string>{"r", "d"}));
}

}  // namespace
}  // namespace ntpopt
