// Every judgement about ntpd, and each way in which it looks fine and is not.
#include "daemon/core/verify/ntpd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration kApplied = std::chrono::seconds(1'800'000'000);

NtpdPlan four() {
    NtpdPlan plan;
    for (const auto* name : {"n1.test", "n2.test", "n3.test", "n4.test"})
        plan.members.push_back({name, false, 1});
    plan.former = {{"old.test", false, 1}, {"pool.test", true, 4}};
    plan.min_sane = 3;
    plan.was_synchronised = true;
    return plan;
}

NtpdAssociation answering(std::uint16_t id, std::string name, int last_octet) {
    NtpdAssociation association;
    association.status = {id, 0xb414};
    association.name = std::move(name);
    association.address = Address::v4({10, 0, 0, static_cast<std::uint8_t>(last_octet)});
    association.leap = 0;
    association.stratum = 2;
    association.reach = 1;
    association.delay_s = 0.01;
    return association;
}

/// ntpd as it looks 14 s after a change that worked.
NtpdObserved good() {
    NtpdObserved seen;
    seen.restarted = true;
    seen.since_restart = 14s;
    for (std::uint16_t i = 1; i <= 4; ++i)
        seen.state.associations.push_back(answering(i, "n" + std::to_string(i) + ".test", i));
    auto& system = seen.state.system;
    system.leap = 0;
    system.stratum = 3;
    system.peer = 2;
    system.address = seen.state.associations[1].address;
    system.reference_time = from_unix(kApplied + 12s);
    return seen;
}

Finding judge(const NtpdObserved& seen, const NtpdPlan& plan = four()) {
    return judge_ntpd(plan, seen, kApplied, ntpd_deadline({}));
}

/// Waits now, and gives up at the deadline with this reason.
void expect_never(NtpdObserved seen, const char* reason, const NtpdPlan& plan = four()) {
    const Finding now = judge(seen, plan);
    EXPECT_EQ(now.judgement, Judgement::wait) << now.reason;
    EXPECT_THAT(now.reason, HasSubstr(reason));
    seen.since_restart = 60s;
    const Finding late = judge(seen, plan);
    EXPECT_EQ(late.judgement, Judgement::roll_back) << late.reason;
    EXPECT_THAT(late.reason, HasSubstr(reason));
}

TEST(VerifyNtpd, all_answer_and_one_is_followed) {
    EXPECT_EQ(judge(good()).judgement, Judgement::keep);
}

TEST(VerifyNtpd, the_old_process_proves_nothing) {
    auto seen = good();
    seen.restarted = false;
    expect_never(seen, "was not restarted");
}

TEST(VerifyNtpd, two_servers_and_minsane_3_never_count) {
    auto seen = good();
    seen.state.system = {};
    for (auto* dead : {&seen.state.associations[2], &seen.state.associations[3]}) {
        dead->reach = 0;
        dead->stratum = 16;
    }
    expect_never(seen,
                 "ntpd is not synchronised; 2 of the new sources did not prove themselves: n3.test (unreachable), "
                 "n4.test (unreachable)");
}

TEST(VerifyNtpd, synchronised_to_somebody_else_does_not_count) {
    auto seen = good();
    seen.state.associations.push_back(answering(9, "old.test", 99));
    seen.since_restart = 2s;
    EXPECT_EQ(judge(seen).judgement, Judgement::wait);
    seen.since_restart = 14s;
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back) << "what ntpd read it shows at once";
    EXPECT_THAT(judge(seen).reason, HasSubstr("still follows old.test"));
}

TEST(VerifyNtpd, a_line_that_ntpd_did_not_take_is_found_out) {
    auto seen = good();
    seen.state.associations.pop_back();
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back);
    EXPECT_THAT(judge(seen).reason, HasSubstr("did not take n4.test"));
    auto classic = four();
    classic.flavour = NtpdFlavour::classic;
    expect_never(seen, "n4.test (unresolved)", [&] {
        auto plan = classic;
        plan.min_sane = 4;
        return plan;
    }());
}

TEST(VerifyNtpd, an_update_from_before_the_change_does_not_count) {
    auto seen = good();
    seen.state.system.reference_time = from_unix(kApplied - 1s);
    expect_never(seen, "no update");
    auto plan = four();
    plan.was_synchronised = false;
    EXPECT_EQ(judge(seen, plan).judgement, Judgement::keep) << "an unsynchronised clock may have been stepped back";
    seen.state.system.reference_time = {};
    expect_never(seen, "no update", plan);
}

TEST(VerifyNtpd, a_system_peer_that_is_dead_or_another_does_not_count) {
    auto seen = good();
    seen.state.associations[1].reach = 0;
    expect_never(seen, "no system peer that answers");
    seen = good();
    seen.state.system.address = *Address::parse("10.0.0.99");
    expect_never(seen, "no system peer that answers");
    seen = good();
    seen.state.system.peer = 77;
    expect_never(seen, "no system peer that answers");
}

TEST(VerifyNtpd, each_field_of_an_unsynchronised_ntpd) {
    for (const auto spoil :
         {+[](NtpdSystem& system) { system.leap = 3; }, +[](NtpdSystem& system) { system.stratum = 16; },
          +[](NtpdSystem& system) { system.stratum = 0; }, +[](NtpdSystem& system) { system.peer = 0; }}) {
        auto seen = good();
        spoil(seen.state.system);
        expect_never(seen, "not synchronised");
    }
}

TEST(VerifyNtpd, one_straggler_is_waited_for_and_then_left_behind) {
    auto seen = good();
    seen.state.associations[3].reach = 0;
    EXPECT_EQ(judge(seen).judgement, Judgement::wait);
    EXPECT_THAT(judge(seen).reason, HasSubstr("n4.test (unreachable)"));
    seen.since_restart = 31s;
    EXPECT_EQ(judge(seen).judgement, Judgement::keep);
    seen.state.associations[2].reach = 0;
    seen.since_restart = 60s;
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back) << "two answer, and minsane is 3";
}

TEST(VerifyNtpd, a_liar_is_found_before_the_clock_is_stepped) {
    auto seen = good();
    seen.state.system = {};
    seen.since_restart = 3s;
    seen.state.associations[0].offset_s = 0.5;
    EXPECT_EQ(judge(seen).judgement, Judgement::roll_back);
    EXPECT_THAT(judge(seen).reason, HasSubstr("n1.test is 500.000 ms away"));
    auto plan = four();
    plan.was_synchronised = false;
    EXPECT_EQ(judge(seen, plan).judgement, Judgement::wait);
    plan = four();
    plan.step_limit_s = 0;
    EXPECT_EQ(judge(seen, plan).judgement, Judgement::wait) << "tinker step 0: it never steps";
}

TEST(VerifyNtpd, a_reference_clock_may_stay_in_the_lead) {
    auto seen = good();
    seen.state.associations.push_back(answering(9, "", 9));
    seen.state.associations.back().address = *Address::parse("127.127.28.0");
    seen.state.system.peer = 9;
    seen.state.system.address = seen.state.associations.back().address;
    EXPECT_EQ(judge(seen).judgement, Judgement::keep);
}

TEST(VerifyNtpd, members_of_a_pool_have_no_name) {
    NtpdPlan plan = four();
    plan.members = {{"pool.test", true, 4}};
    NtpdObserved seen = good();
    for (auto& association : seen.state.associations) {
        association.name.clear();
        association.status.word = 0x3414;
    }
    seen.state.associations.push_back({});
    seen.state.associations.back().name = "pool.test";
    EXPECT_EQ(judge(seen, plan).judgement, Judgement::keep);
}

TEST(VerifyNtpd, the_return_is_exactly_what_was_there) {
    NtpdObserved seen;
    seen.restarted = true;
    seen.state.associations = {answering(1, "old.test", 1)};
    const auto judge_back = [&] { return judge_ntpd_return(NtpdFlavour::ntpsec, four().former, seen, 20s); };
    EXPECT_THAT(judge_back().reason, HasSubstr("did not take back pool.test"));
    seen.state.associations.push_back({});
    seen.state.associations.back().name = "pool.test";
    EXPECT_EQ(judge_back().judgement, Judgement::keep);
    seen.state.associations[0].reach = 0;
    EXPECT_EQ(judge_back().judgement, Judgement::keep) << "whether it answers or not";
    seen.state.associations.push_back(answering(3, "n1.test", 3));
    EXPECT_EQ(judge_back().judgement, Judgement::wait);
    seen.since_restart = 21s;
    EXPECT_EQ(judge_back().judgement, Judgement::roll_back);
}

TEST(VerifyNtpd, deadlines) {
    EXPECT_EQ(ntpd_deadline(Duration::zero()), 60s);
    EXPECT_EQ(ntpd_deadline(5s), 5s);
}

}  // namespace
}  // namespace ntpopt
