// When a change counts as proven, when it is waited for, and when it is undone.
#include "daemon/core/verify/chrony.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Duration kDeadline = 30s;

ChronyMember member(std::string_view name, bool fresh = true, ChronySourceKind kind = ChronySourceKind::server,
                    int members = 1) {
    ChronyMember result;
    result.directive.kind = kind;
    result.directive.name = std::string(name);
    result.directive.max_sources = members;
    result.fresh = fresh;
    return result;
}

ChronySource source(std::string_view name, char state, std::string_view address,
                    std::optional<std::uint32_t> last_rx = 1, double offset_s = 0, double error_s = 0.001) {
    ChronySource result;
    result.name = std::string(name);
    result.state = state;
    result.id = std::string(address);
    if (auto parsed = Address::parse(address)) result.address = *parsed;
    result.reach = last_rx ? 7 : 0;
    result.last_rx_s = last_rx;
    result.offset_s = offset_s;
    result.error_s = error_s;
    return result;
}

ChronyPlan plan_of(std::vector<ChronyMember> members, int min_sources = 1) {
    ChronyPlan plan;
    plan.members = std::move(members);
    plan.min_sources = min_sources;
    return plan;
}

ChronyObserved seen(std::vector<ChronySource> sources, Duration since = 6s) {
    ChronyObserved observed;
    observed.sources = std::move(sources);
    observed.tracking.leap = 0;
    observed.since_reload = since;
    return observed;
}

TEST(NewSources, all_answered) {
    const auto plan = plan_of({member("a"), member("b")});
    EXPECT_EQ(judge_new_sources(plan, seen({source("a", '+', "10.0.0.1"), source("b", '-', "10.0.0.2")}), kDeadline)
                  .judgement,
              Judgement::keep);
}

TEST(NewSources, dead_ones_are_named_at_the_deadline) {
    const auto plan = plan_of({member("a"), member("b"), member("c")});
    const std::vector<ChronySource> dead{source("a", '?', "10.0.0.1", std::nullopt),
                                         source("b", '?', "ID#0000000001", std::nullopt)};
    EXPECT_EQ(judge_new_sources(plan, seen(dead), kDeadline).judgement, Judgement::wait);
    const auto finding = judge_new_sources(plan, seen(dead, 30s), kDeadline);
    EXPECT_EQ(finding.judgement, Judgement::roll_back);
    EXPECT_THAT(finding.reason, HasSubstr("a (unreachable), b (unresolved), c (not loaded) within 30 s"));
}

TEST(NewSources, half_of_the_fresh_are_enough_but_only_after_the_burst) {
    const auto plan = plan_of({member("a"), member("b"), member("c"), member("d")});
    const std::vector<ChronySource> half{source("a", '*', "10.0.0.1"), source("b", '+', "10.0.0.2"),
                                         source("c", '?', "10.0.0.3", std::nullopt),
                                         source("d", '?', "10.0.0.4", std::nullopt)};
    EXPECT_EQ(judge_new_sources(plan, seen(half, 19s), kDeadline).judgement, Judgement::wait);
    EXPECT_EQ(judge_new_sources(plan, seen(half, 20s), kDeadline).judgement, Judgement::keep);
    EXPECT_EQ(judge_new_sources(plan_of(plan.members, 3), seen(half, 30s), kDeadline).judgement, Judgement::roll_back)
        << "minsources 3";
}

TEST(NewSources, the_old_ones_that_stay_do_not_vouch_for_the_new) {
    const auto plan = plan_of({member("a", false), member("b", false), member("c"), member("d")});
    const std::vector<ChronySource> sources{source("a", '*', "10.0.0.1", 300), source("b", '+', "10.0.0.2", 300),
                                            source("c", '?', "10.0.0.3", std::nullopt),
                                            source("d", '?', "10.0.0.4", std::nullopt)};
    EXPECT_EQ(judge_new_sources(plan, seen(sources, 30s), kDeadline).judgement, Judgement::roll_back);
}

TEST(NewSources, a_sample_from_before_the_reload_proves_nothing) {
    const auto plan = plan_of({member("a")});
    EXPECT_EQ(judge_new_sources(plan, seen({source("a", '+', "10.0.0.1", 60)}), kDeadline).judgement, Judgement::wait);
    EXPECT_EQ(
        judge_new_sources(plan_of({member("a", false)}), seen({source("a", '+', "10.0.0.1", 60)}), kDeadline).judgement,
        Judgement::keep);
}

TEST(NewSources, a_falseticker_or_a_silent_one_is_no_proof) {
    EXPECT_EQ(judge_new_sources(plan_of({member("a")}), seen({source("a", 'x', "10.0.0.1")}), kDeadline).judgement,
              Judgement::wait);
    auto silent = source("a", '+', "10.0.0.1");
    silent.reach = 0;
    EXPECT_EQ(judge_new_sources(plan_of({member("a")}), seen({silent}), kDeadline).judgement, Judgement::wait);
}

TEST(NewSources, a_pool_is_proven_by_one_member_and_what_is_withheld_is_not_asked_for) {
    const auto pool = member("p", true, ChronySourceKind::pool, 4);
    EXPECT_EQ(
        judge_new_sources(plan_of({pool}),
                          seen({source("p", '+', "10.0.0.1"), source("p", '?', "ID#1", std::nullopt)}, 30s), kDeadline)
            .judgement,
        Judgement::keep)
        << "every member of the plan has a proven source";
    auto withheld = member("w");
    withheld.withheld = true;
    EXPECT_EQ(judge_new_sources(plan_of({withheld}), seen({}), kDeadline).judgement, Judgement::keep);
}

TEST(Offsets, a_liar_among_the_new_is_refused) {
    const std::vector<ChronySource> before{source("old", '*', "10.0.0.9", 5, 0.002, 0.004)};
    const auto now = [&](double offset_s, double error_s) {
        return seen(
            {source("old", '-', "10.0.0.9", 5, 0.002, 0.004), source("a", '*', "10.0.0.1", 1, offset_s, error_s)});
    };
    const auto plan = plan_of({member("a")});
    EXPECT_EQ(judge_offsets(plan, now(0.001, 0.001), before).judgement, Judgement::keep);
    EXPECT_EQ(judge_offsets(plan, now(0.0079, 0.001), before).judgement, Judgement::keep);
    const auto finding = judge_offsets(plan, now(0.050, 0.001), before);
    EXPECT_EQ(finding.judgement, Judgement::roll_back);
    EXPECT_THAT(
        finding.reason,
        HasSubstr(
            "a is 43.925 ms away from what the sources say that chronyd followed until now, more than the 2.015 ms"));
    EXPECT_EQ(judge_offsets(plan, now(0.050, 0.100), before).judgement, Judgement::keep) << "its own bound covers it";
}

TEST(Offsets, a_liar_is_found_out_by_its_first_sample_before_chronyd_can_select_it) {
    const std::vector<ChronySource> before{source("old", '*', "10.0.0.9", 5, 0, 0.004)};
    const auto now =
        seen({source("old", '*', "10.0.0.9", 5, 0, 0.004), source("a", '?', "10.0.0.1", 0, 0.5, 0.001)}, 1s);
    EXPECT_EQ(judge_offsets(plan_of({member("a")}), now, before).judgement, Judgement::roll_back);
    EXPECT_EQ(judge_offsets(plan_of({member("a", false)}), now, before).judgement, Judgement::keep)
        << "followed before";
}

TEST(Offsets, without_an_old_reference_nothing_is_compared) {
    const auto plan = plan_of({member("a")});
    const auto now = seen({source("old", '?', "10.0.0.9", std::nullopt), source("a", '*', "10.0.0.1", 1, 5.0, 0.001)});
    EXPECT_EQ(judge_offsets(plan, now, {}).judgement, Judgement::keep);
    EXPECT_EQ(judge_offsets(plan, now, {source("old", '?', "10.0.0.9", std::nullopt)}).judgement, Judgement::keep);
}

TEST(Takeover, follows_a_new_source_with_a_new_update) {
    const auto plan = plan_of({member("a"), member("b")});
    auto now = seen({source("a", '*', "10.0.0.1"), source("b", '+', "10.0.0.2")});
    now.tracking.address = *Address::parse("10.0.0.1");
    now.tracking.reference_time_s = 1001;
    ChronyTracking before;
    before.reference_time_s = 1000;
    EXPECT_EQ(judge_takeover(plan, now, before, kDeadline).judgement, Judgement::keep);
    before.reference_time_s = 1001;
    EXPECT_EQ(judge_takeover(plan, now, before, kDeadline).judgement, Judgement::wait) << "stale reference";
    EXPECT_EQ(judge_takeover(plan_of({member("a", false), member("b")}), now, before, kDeadline).judgement,
              Judgement::keep);
}

TEST(Takeover, tracking_that_still_names_a_removed_server_is_the_known_false_positive) {
    const auto plan = plan_of({member("a")});
    auto now = seen({source("a", '?', "10.0.0.1", std::nullopt)}, 30s);
    now.tracking.address = *Address::parse("10.0.0.9");
    now.tracking.reference_time_s = 2000;
    const auto finding = judge_takeover(plan, now, {}, kDeadline);
    EXPECT_EQ(finding.judgement, Judgement::roll_back);
    EXPECT_THAT(finding.reason, HasSubstr("selected none"));
}

TEST(Takeover, leftovers_an_unsynchronised_clock_and_a_foreign_reference_are_waited_for_then_undone) {
    auto plan = plan_of({member("a")});
    plan.going = {"old"};
    auto now = seen(
        {source("a", '*', "10.0.0.1"), source("came-since", '-', "10.0.0.8"), source("old", '-', "10.0.0.9")}, 30s);
    EXPECT_THAT(judge_takeover(plan, now, {}, kDeadline).reason, HasSubstr("old sources: 10.0.0.9 within"));
    now.sources.pop_back();
    now.tracking.leap = 3;
    EXPECT_THAT(judge_takeover(plan, now, {}, kDeadline).reason, HasSubstr("not synchronised"));
    now.tracking.leap = 0;
    now.tracking.address = *Address::parse("10.0.0.9");
    EXPECT_THAT(judge_takeover(plan, now, {}, kDeadline).reason, HasSubstr("does not track"));
    now.since_reload = 1s;
    EXPECT_EQ(judge_takeover(plan, now, {}, kDeadline).judgement, Judgement::wait);
}

TEST(Takeover, a_reference_clock_may_stay_selected) {
    auto clock = source("GPS", '*', "GPS");
    clock.mode = '#';
    EXPECT_EQ(
        judge_takeover(plan_of({member("a")}), seen({source("a", '+', "10.0.0.1"), clock}), {}, kDeadline).judgement,
        Judgement::keep);
}

TEST(Heirs, nobody_is_deleted_before_one_can_be_followed_at_once) {
    const std::vector<std::string> names{"a.test", "b.test"};
    const auto judge = [&](const std::vector<ChronySource>& sources, Duration waited) {
        return judge_heirs(sources, names, waited, kDeadline).judgement;
    };
    const auto old = source("old.test", '*', "192.0.2.9");
    EXPECT_EQ(judge({old}, 1s), Judgement::wait);
    EXPECT_EQ(judge({old}, 30s), Judgement::roll_back);
    EXPECT_EQ(judge({old, source("a.test", '?', "192.0.2.1", std::nullopt)}, 1s), Judgement::wait);
    EXPECT_EQ(judge({old, source("a.test", '-', "192.0.2.1")}, 0s), Judgement::keep);
    EXPECT_EQ(judge({old, source("a.test", '-', "192.0.2.1"), source("b.test", '?', "192.0.2.2", std::nullopt)}, 0s),
              Judgement::keep)
        << "it is dead, and nobody waits for it";
    EXPECT_EQ(judge({old, source("a.test", 'x', "192.0.2.1")}, 30s), Judgement::roll_back);
}

TEST(Heirs, who_has_too_few_samples_yet_keeps_chronyd_from_choosing_the_others) {
    const std::vector<std::string> names{"a.test", "b.test"};
    const std::vector<ChronySource> sources{source("a.test", '-', "192.0.2.1"), source("b.test", '?', "192.0.2.2")};
    EXPECT_EQ(judge_heirs(sources, names, 2s, kDeadline).judgement, Judgement::wait);
    EXPECT_EQ(judge_heirs(sources, names, 10s, kDeadline).judgement, Judgement::keep) << "it has other reasons";
    EXPECT_EQ(judge_heirs(sources, names, 6s, 6s).judgement, Judgement::keep) << "a deadline before that";
}

TEST(Deadline, names_take_longer) {
    EXPECT_EQ(chrony_deadline(plan_of({member("10.0.0.1")}), Duration::zero()), Duration(30s));
    EXPECT_EQ(chrony_deadline(plan_of({member("a.test")}), Duration::zero()), Duration(45s));
    EXPECT_EQ(chrony_deadline(plan_of({member("a.test")}), 7s), Duration(7s));
}

TEST(ChronyReturn, what_others_took_away_meanwhile_is_not_owed) {
    const std::vector<std::string> former = {"base.test", "dhcp.test", "a.test"};
    const std::vector<std::string> owed = {"BASE.test", "a.test", "never.test"};
    const auto base = source("base.test", '*', "10.0.0.1");
    EXPECT_THAT(not_brought_back(former, owed, {base, source("a.test", '+', "10.0.0.2")}), testing::IsEmpty());
    EXPECT_THAT(not_brought_back(former, owed, {base}), testing::ElementsAre("a.test"));
    EXPECT_EQ(not_brought_back(former, {}, {}), former) << "chronyd must not end without a source";
    EXPECT_THAT(not_brought_back({}, owed, {}), testing::IsEmpty()) << "nor gets any where it had none";
}

}  // namespace
}  // namespace ntpopt
