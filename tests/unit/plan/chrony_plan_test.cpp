// From chronyd's state and a choice to a plan: what is written, what stays, what goes, what is refused.
#include "daemon/core/plan/chrony_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "daemon/core/plan/chrony_describe.hpp"
#include "tests/unit/plan/chrony_views.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(const ChronyView& view, const std::vector<Choice>& choices, const ApplyConfig& config = {}) {
    const auto plan = plan_chrony_change(view, choices, config);
    if (plan) return "planned";
    EXPECT_EQ(plan.error().code, Errc::refused);
    return plan.error().detail;
}

TEST(ChronyPlan, new_servers_are_added_first_and_the_old_deleted_then) {
    const auto view = debian();
    const auto plan = plan_chrony_change(
        view, {choose("a.test", "10.1.0.1"), choose("10.1.0.2:11123"), choose("p.test", "", true, 2)}, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->staged_text, plan->final_text);
    EXPECT_THAT(
        *plan->final_text,
        HasSubstr("server a.test iburst\nserver 10.1.0.2 port 11123 iburst\npool p.test iburst maxsources 2\n"));
    EXPECT_THAT(names_of(plan->removed), ElementsAre("pool.test", "base.test"));
    EXPECT_EQ(plan->removed[1].text, "server base.test iburst minpoll 5");
    EXPECT_THAT(sources_to_delete(*plan, view.sources),
                ElementsAre("10.0.0.1", "10.0.0.2", "ID#0000000003", "10.0.0.9"))
        << "placeholders too, or they bring the pool back; the selected one last";
}

TEST(ChronyPlan, a_choice_that_the_service_already_has_keeps_its_line_and_its_samples) {
    const auto view = debian();
    const auto plan = plan_chrony_change(view, {choose("base.test", "10.0.0.9"), choose("a.test")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(*plan->final_text, testing::Not(HasSubstr("base.test")));
    EXPECT_FALSE(plan->members[0].fresh);
    EXPECT_TRUE(plan->members[1].fresh);
    EXPECT_THAT(names_of(plan->removed), ElementsAre("pool.test"));
    EXPECT_THAT(sources_to_delete(*plan, view.sources), ElementsAre("10.0.0.1", "10.0.0.2", "ID#0000000003"));
}

TEST(ChronyPlan, all_chosen_are_there_already_so_no_file_is_written) {
    const auto plan = plan_chrony_change(debian(), {choose("base.test"), choose("pool.test", "", true, 4)}, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->final_text, std::nullopt);
    EXPECT_THAT(plan->removed, IsEmpty());
}

TEST(ChronyPlan, the_own_old_set_stays_until_the_new_one_is_proven) {
    auto view = view_of("pool pool.test iburst\n", {listed("a.test", "10.1.0.1", '*'), listed("b.test", "10.1.0.2")});
    view.our_text = render_chrony_sources({chrony_directive(choose("a.test")), chrony_directive(choose("b.test"))});
    const auto plan = plan_chrony_change(view, {choose("b.test"), choose("c.test")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(*plan->staged_text, HasSubstr("server a.test iburst\nserver b.test iburst\nserver c.test iburst\n"));
    EXPECT_THAT(*plan->final_text, HasSubstr("server b.test iburst\nserver c.test iburst\n"));
    EXPECT_THAT(*plan->final_text, testing::Not(HasSubstr("a.test")));
    EXPECT_FALSE(plan->members[0].fresh);
    EXPECT_TRUE(plan->members[1].fresh);
}

TEST(ChronyPlan, an_address_that_an_old_source_holds_is_added_when_it_is_free) {
    const auto plan = plan_chrony_change(debian(), {choose("10.0.0.1"), choose("a.test"), choose("b.test")}, {});
    ASSERT_TRUE(plan);
    EXPECT_TRUE(plan->members[0].withheld);
    EXPECT_THAT(plan->evicted, IsEmpty());
    EXPECT_THAT(*plan->staged_text, testing::Not(HasSubstr("10.0.0.1")));
    EXPECT_THAT(*plan->final_text, HasSubstr("server 10.0.0.1 iburst\n"));
}

TEST(ChronyPlan, old_members_make_room_one_is_kept_so_that_chronyd_never_stands_alone) {
    const auto view = view_of(
        "pool pool.test iburst\n",
        {listed("pool.test", "10.0.0.1", '*'), listed("pool.test", "10.0.0.2"), listed("pool.test", "10.0.0.3")});
    const auto plan = plan_chrony_change(view, {choose("10.0.0.1"), choose("10.0.0.2"), choose("10.0.0.3")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->evicted, ElementsAre("10.0.0.2", "10.0.0.3"));
    EXPECT_TRUE(plan->members[0].withheld);
    EXPECT_FALSE(plan->members[1].withheld);
}

TEST(ChronyPlan, a_line_of_ours_whose_source_makes_room_leaves_the_file_so_that_chronyd_reads_it_when_it_returns) {
    auto view = view_of("", {listed("a.test", "10.0.0.1", '*'), listed("b.test", "10.0.0.2")});
    view.our_text = "server a.test iburst\nserver b.test iburst\n";
    const auto plan = plan_chrony_change(view, {choose("10.0.0.1"), choose("10.0.0.2")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->evicted, ElementsAre("10.0.0.2"));
    EXPECT_THAT(*plan->staged_text, HasSubstr("\nserver a.test iburst\nserver 10.0.0.2 iburst\n"));
    EXPECT_THAT(*plan->staged_text, testing::Not(HasSubstr("b.test")));
}

/// A DHCP client's servers, which stay.
ChronyView with_dhcp(const std::vector<std::string>& addresses) {
    auto view = debian();
    std::string text;
    for (const auto& address : addresses) {
        text += "server " + address + " iburst\n";
        view.sources.push_back(listed(address, address));
    }
    view.files.push_back({"/run/chrony-dhcp/eth0.sources", *parse_chrony_sources_file(text)});
    return view;
}

TEST(ChronyPlan, who_stays_makes_no_room) {
    const auto view = with_dhcp({"10.1.0.1", "10.1.0.2"});
    const auto plan = plan_chrony_change(view, {choose("a.test", "10.1.0.1"), choose("b.test", "10.1.0.2")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->evicted, IsEmpty());
    EXPECT_TRUE(plan->members[0].withheld && plan->members[1].withheld) << "they come when the address is free";
    EXPECT_THAT(*plan->final_text, HasSubstr("server a.test iburst\nserver b.test iburst\n"));
    EXPECT_THAT(plan->going, ElementsAre("pool.test", "base.test"));
}

TEST(ChronyPlan, an_address_that_somebody_has_who_stays_is_followed_by_his_line) {
    const auto view = with_dhcp({"10.1.0.1"});
    const auto plan =
        plan_chrony_change(view, {choose("10.1.0.1"), choose("pool.test", "", true, 4), choose("10.0.0.1")}, {});
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->final_text, std::nullopt);
    ASSERT_EQ(plan->members.size(), 2u);
    EXPECT_EQ(plan->members[0].directive.name, "10.1.0.1");
    EXPECT_EQ(plan->members[1].directive.text, "pool pool.test iburst");
    EXPECT_FALSE(plan->members[1].withheld || plan->members[1].fresh);
    auto named = debian();
    named.files.push_back({"/run/chrony-dhcp/eth0.sources", *parse_chrony_sources_file("server dhcp.test\n")});
    named.sources.push_back(listed("dhcp.test", "10.5.0.1"));
    const auto other = plan_chrony_change(named, {choose("10.5.0.1"), choose("a.test")}, {});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->members[0].directive.text, "server dhcp.test");
    EXPECT_THAT(*other->final_text, testing::Not(HasSubstr("10.5.0.1")));
    EXPECT_THAT(refusal(named, {choose("10.5.0.1:124"), choose("a.test")}), HasSubstr("already follows 10.5.0.1:124"));
}

TEST(ChronyPlan, who_came_since_is_not_deleted_and_yet_no_part_of_the_set) {
    auto view = debian();
    const auto plan = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    const std::vector<ChronySource> now{listed("a.test", "10.1.0.1", '*'), listed("b.test", "10.1.0.2"),
                                        listed("new.test", "10.7.0.1")};
    EXPECT_THAT(sources_to_delete(*plan, now), IsEmpty());
    EXPECT_TRUE(has_others(*plan, now));
}

TEST(ChronyPlan, dhcp_servers_stay_unless_told_otherwise) {
    auto view = debian();
    view.files.push_back({"/run/chrony-dhcp/eth0.sources", *parse_chrony_sources_file("server dhcp.test iburst\n")});
    view.files.push_back(
        {"/etc/chrony/sources.d/site.sources", *parse_chrony_sources_file("server site.test iburst\n")});
    view.sources.push_back(listed("dhcp.test", "10.5.0.1"));
    view.sources.push_back(listed("site.test", "10.5.0.2"));
    EXPECT_EQ(origin_of(view.sources[4], view), "dhcp");
    EXPECT_EQ(origin_of(view.sources[5], view), "base");
    const auto plan = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->staying, ElementsAre("dhcp.test"));
    EXPECT_THAT(names_of(plan->removed), ElementsAre("pool.test", "base.test", "site.test"));
    ApplyConfig replace;
    replace.replace_dhcp = true;
    EXPECT_THAT(names_of(plan_chrony_change(view, {choose("a.test"), choose("b.test")}, replace)->removed),
                ElementsAre("pool.test", "base.test", "site.test", "dhcp.test"));
    ApplyConfig augment;
    augment.augment = true;
    const auto added = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, augment);
    EXPECT_THAT(added->removed, IsEmpty());
    EXPECT_THAT(sources_to_delete(*added, view.sources), IsEmpty());
}

TEST(ChronyPlan, a_source_added_by_hand_can_be_brought_back) {
    auto view = debian();
    view.sources.push_back(listed("hand.test", "10.6.0.1"));
    view.sources.push_back(listed("10.6.0.2", "10.6.0.2"));
    EXPECT_EQ(origin_of(view.sources[4], view), "runtime");
    const auto plan = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    ASSERT_EQ(plan->removed.size(), 4u);
    EXPECT_EQ(plan->removed[2].text, "server hand.test iburst");
    EXPECT_EQ(plan->removed[3].text, "server 10.6.0.2 iburst");
}

TEST(ChronyPlan, a_reference_clock_is_never_ours_to_delete) {
    auto view = debian();
    ChronySource clock = listed("GPS", "GPS", '*');
    clock.mode = '#';
    view.sources.push_back(clock);
    const auto plan = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    EXPECT_THAT(sources_to_delete(*plan, view.sources), testing::Not(testing::Contains("GPS")));
    EXPECT_EQ(origin_of(clock, view), "refclock");
}

TEST(ChronyPlan, what_a_reload_multiplied_is_deleted) {
    const auto plan = plan_chrony_change(debian(), {choose("a.test"), choose("p.test", "", true, 2)}, {});
    EXPECT_THAT(sources_to_delete(*plan, {listed("a.test", "10.1.0.1"), listed("a.test", "ID#0000000009", '?'),
                                          listed("p.test", "10.1.0.2"), listed("p.test", "10.1.0.3")}),
                ElementsAre("ID#0000000009"));
}

TEST(ChronyPlan, gates_say_why) {
    const auto base = debian();
    EXPECT_THAT(refusal(base, {}), HasSubstr("no server"));
    EXPECT_THAT(refusal(base, {choose("a.test", "10.1.0.1"), choose("b.test", "10.1.0.1")}), HasSubstr("one address"));
    EXPECT_THAT(refusal(base, {choose("a.test"), choose("a.test:124")}), HasSubstr("one address"));
    auto smeared = choose("b.test");
    smeared.timescale = Timescale::smear_24h;
    EXPECT_THAT(refusal(base, {choose("a.test"), smeared}), HasSubstr("timescale"));
    EXPECT_THAT(refusal(view_of("minsources 3\n", {}), {choose("a.test"), choose("b.test")}), HasSubstr("minsources"));
    EXPECT_EQ(refusal(view_of("minsources 3\n", {}), {choose("p.test", "", true, 3)}), "planned");
    EXPECT_THAT(refusal(view_of("authselectmode require\n", {}), {choose("a.test")}), HasSubstr("authenticated"));
    const auto secured = view_of("server n.test iburst nts\n", {listed("n.test", "10.0.0.1", '*')});
    EXPECT_THAT(refusal(secured, {choose("a.test")}), HasSubstr("allow_auth_downgrade"));
    EXPECT_EQ(refusal(secured, {choose("n.test"), choose("a.test")}), "planned");
    ApplyConfig downgrade;
    downgrade.allow_auth_downgrade = true;
    EXPECT_EQ(refusal(secured, {choose("a.test")}, downgrade), "planned");
    EXPECT_THAT(refusal(base, {choose("base.test:11123")}), HasSubstr("port"));
    EXPECT_THAT(refusal(view_of("server x.test noselect\n", {}), {choose("x.test")}), HasSubstr("noselect"));
}

// A source that was added while chronyd ran has no line that tells of its key.
TEST(ChronyPlan, a_source_with_a_key_and_without_a_line_is_not_weakened) {
    auto view = debian();
    view.sources.push_back(listed("keyed.test", "10.0.7.1"));
    EXPECT_EQ(refusal(view, {choose("a.test")}), "planned");
    view.sources.back().authenticated = true;
    EXPECT_THAT(refusal(view, {choose("a.test")}), HasSubstr("keyed.test is authenticated"));
}

// "sourcedir A B" hides a file of B behind its namesake in A; a roll-back made chronyd follow what stood in it.
TEST(ChronyPlan, a_line_that_chronyd_does_not_follow_is_not_brought_back) {
    auto view = debian();
    view.files.push_back({"/etc/b/x.sources", *parse_chrony_sources_file("server hidden.test iburst\n")});
    const auto plan = plan_chrony_change(view, {choose("a.test")}, {});
    EXPECT_TRUE(std::none_of(plan->removed.begin(), plan->removed.end(),
                             [](const auto& line) { return line.name == "hidden.test"; }));
    EXPECT_FALSE(plan->removed.empty());
}

TEST(ChronyPlan, a_dry_run_names_every_step_and_its_inverse) {
    const auto view = debian();
    const auto plan = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    const Json json =
        describe_plan(*plan, view, "/etc/chrony/sources.d/50-ntpopt.sources", "/run/chrony-dhcp/r.sources");
    EXPECT_EQ(
        get_array(json, "steps"),
        Json::array({"write /etc/chrony/sources.d/50-ntpopt.sources (undone by removing it)", "chronyc reload sources",
                     "verify: the new sources answer with fresh samples, and agree with the old ones within the error "
                     "bounds of both",
                     "chronyc delete 10.0.0.1 (undone by chronyc add of its line)",
                     "chronyc delete 10.0.0.2 (undone by chronyc add of its line)",
                     "chronyc delete ID#0000000003 (undone by chronyc add of its line)",
                     "chronyc delete 10.0.0.9 (undone by chronyc add of its line)",
                     "verify: chronyd selects and tracks one of the new sources with an update from after the change; "
                     "no old one is left"}));
    ASSERT_EQ(get_array(json, "files").size(), 1u);
    EXPECT_THAT(get_string(get_array(json, "files")[0], "diff"),
                HasSubstr("--- /dev/null\n+++ /etc/chrony/sources.d/50-ntpopt.sources\n@@ -0,0 +1,4 @@\n"));
    EXPECT_FALSE(get_bool(json, "unchanged", true));
}

TEST(ChronyPlan, after_the_change_the_same_plan_has_nothing_to_do) {
    auto view = debian();
    view.our_text = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {})->final_text;
    view.sources = {listed("a.test", "10.1.0.1", '*'), listed("b.test", "10.1.0.2")};
    const auto again = plan_chrony_change(view, {choose("a.test"), choose("b.test")}, {});
    EXPECT_TRUE(is_fulfilled(*again, view));
    view.sources.push_back(listed("pool.test", "10.0.0.1"));
    EXPECT_FALSE(is_fulfilled(*again, view)) << "chronyd was restarted and has its own sources again";
}

TEST(ChronyPlan, restore_lines_are_dropped_once_chronyd_has_its_own_again) {
    auto view = debian();
    view.restore_text = "pool pool.test iburst\n";
    view.restore_stale = true;
    const auto plan = plan_chrony_original(view, {});
    EXPECT_EQ(plan.final_restore_text, std::nullopt);
    EXPECT_EQ(plan_chrony_change(view, {choose("pool.test", "", true, 4)}, {})->final_restore_text, std::nullopt);
    view.restore_stale = false;
    EXPECT_THAT(*plan_chrony_change(view, {choose("pool.test", "", true, 4)}, {})->final_restore_text,
                HasSubstr("pool.test"));
}

/// As chronyd is once the plan was carried out: its own lines are in its configuration still, only ours are followed.
ChronyView after(const ChronyView& view, const ChronyPlan& plan) {
    ChronyView later = view;
    later.our_text = plan.final_text;
    later.restore_text = plan.final_restore_text;
    std::erase_if(later.sources, [&](const ChronySource& source) {
        const auto gone = sources_to_delete(plan, view.sources);
        return std::find(gone.begin(), gone.end(), source.id) != gone.end();
    });
    for (std::size_t i = 0; i < plan.members.size(); ++i)
        if (count_sources(later.sources, plan.members[i].directive.name) == 0)
            later.sources.push_back(listed(plan.members[i].directive.name, "10.9.0." + std::to_string(i + 1)));
    return later;
}

TEST(ChronyPlanProperty, a_plan_is_idempotent_and_writes_nothing_but_names) {
    const std::vector<std::string> kPieces{"server ",
                                           "pool ",
                                           "peer ",
                                           "a.test",
                                           "b.test",
                                           "pool.test",
                                           "bad!name",
                                           "192.0.2.7",
                                           " iburst",
                                           " nts",
                                           " key 1",
                                           " port ",
                                           "123",
                                           " maxsources ",
                                           "3",
                                           " noselect ",
                                           "\n",
                                           "\n",
                                           "\n",
                                           "\r\n",
                                           "!",
                                           "#",
                                           "\t",
                                           "\xff\x01",
                                           "a..b",
                                           "x;reboot",
                                           "minsources 2",
                                           "server n1.test iburst",
                                           "makestep 1 3",
                                           "sourcedir /x",
                                           "refclock SHM 0",
                                           "local",
                                           "SERVER "};
    std::mt19937 random(20240602);
    ApplyConfig config;
    config.allow_auth_downgrade = true;
    int planned = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text;
        for (auto i = random() % 24; i > 0; --i)
            text += kPieces[random() % kPieces.size()];
        ChronyView view;
        const auto parsed = parse_chrony_config(text);
        if (!parsed) continue;
        view.config = *parsed;
        for (const auto& directive : parsed->sources)
            if (count_sources(view.sources, directive.name) == 0)
                view.sources.push_back(listed(directive.name, "10.8.0." + std::to_string(view.sources.size() + 1)));
        config.augment = random() % 2 == 0;
        const std::vector<Choice> choices{choose("n1.test", "10.1.0.1"), choose("192.0.2.1", "192.0.2.1"),
                                          choose("p.test", "", true, 2)};
        const auto plan = plan_chrony_change(view, choices, config);
        if (!plan) continue;
        ++planned;
        for (const auto& shown : {plan->staged_text, plan->settled_text, plan->final_text})
            for (const auto& directive : *parse_chrony_sources_file(shown.value_or("")))
                ASSERT_TRUE(Host::parse(directive.name)) << text;
        const auto later = after(view, *plan);
        const auto again = plan_chrony_change(later, choices, config);
        ASSERT_TRUE(again) << text << again.error().detail;
        ASSERT_EQ(again->final_text, plan->final_text) << text;
        ASSERT_THAT(sources_to_delete(*again, later.sources), IsEmpty()) << text;
        ASSERT_TRUE(is_fulfilled(*again, later)) << text;
    }
    EXPECT_GT(planned, 1000);
}

}  // namespace
}  // namespace ntpopt::test
