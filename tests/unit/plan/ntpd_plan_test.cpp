// From ntpd's files and a choice to the texts: what is written, what goes, what is refused, for both flavours.
#include "daemon/core/plan/ntpd_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kDebian =
    "driftfile /var/lib/ntpsec/ntp.drift\ntos maxclock 11\ntos minclock 4 minsane 3\n"
    "pool 0.debian.pool.ntp.org iburst\npool 1.debian.pool.ntp.org iburst\nrestrict 127.0.0.1\n";

Choice choose(std::string_view endpoint, std::string_view address = "", bool pool = false) {
    std::optional<Address> resolved;
    if (!address.empty()) resolved = *Address::parse(address);
    return {*Endpoint::parse(endpoint), resolved, pool, pool ? 2 : 0, Timescale::utc, 0, 0.001};
}

std::vector<Choice> three() {
    return {choose("n1.test", "10.0.0.1"), choose("n2.test", "10.0.0.2"), choose("10.0.0.3")};
}

NtpdView view_of(std::string_view text, NtpdFlavour flavour = NtpdFlavour::ntpsec) {
    NtpdView view;
    view.flavour = flavour;
    view.our_path = flavour == NtpdFlavour::ntpsec ? "/etc/ntpsec/ntp.d/50-ntpopt.conf" : "/etc/ntp/ntpopt.conf";
    view.files = {{flavour == NtpdFlavour::ntpsec ? "/etc/ntpsec/ntp.conf" : "/etc/ntp.conf", std::string(text)}};
    return view;
}

/// The view after the plan's edits are written.
NtpdView written(NtpdView view, const NtpdPlan& plan) {
    for (const auto& edit : plan.edits) {
        if (edit.path == view.our_path) view.our_text = edit.after;
        for (auto& file : view.files)
            if (file.path == edit.path) file.text = edit.after.value_or("");
    }
    return view;
}

std::string refusal(const NtpdView& view, const std::vector<Choice>& choices, const ApplyConfig& config = {}) {
    const auto plan = plan_ntpd_change(view, choices, config);
    if (plan) return "planned";
    EXPECT_EQ(plan.error().code, Errc::refused);
    return plan.error().detail;
}

NtpdAssociation association(std::string_view name, std::string_view address, bool configured = true) {
    NtpdAssociation found;
    found.status = {1, static_cast<std::uint16_t>(configured ? 0x8011 : 0x0011)};
    found.name = std::string(name);
    if (!address.empty()) found.address = *Address::parse(address);
    return found;
}

std::vector<std::string> names_of(const std::vector<NtpdMember>& members) {
    std::vector<std::string> names;
    for (const auto& member : members)
        names.push_back(member.name);
    return names;
}

TEST(NtpdPlan, ntpsec_gets_one_drop_in_and_no_other_file_is_touched) {
    const auto view = view_of(kDebian);
    const auto plan = plan_ntpd_change(view, three(), {});
    ASSERT_TRUE(plan) << plan.error().detail;
    ASSERT_EQ(plan->edits.size(), 1U);
    EXPECT_EQ(plan->edits[0].path, view.our_path);
    EXPECT_EQ(*plan->edits[0].after,
              "# Written by ntpopt, which notices changes made by others and then leaves this file alone.\n"
              "# \"ntpoptctl rollback --original\" removes it.\n"
              "unpeer 0.debian.pool.ntp.org\nunpeer 1.debian.pool.ntp.org\n"
              "server n1.test iburst\nserver n2.test iburst\nserver 10.0.0.3 iburst\n");
    EXPECT_THAT(plan->removed, ElementsAre("0.debian.pool.ntp.org", "1.debian.pool.ntp.org"));
    EXPECT_THAT(names_of(plan->former), ElementsAre("0.debian.pool.ntp.org", "1.debian.pool.ntp.org"));
    EXPECT_EQ(plan->min_sane, 3);
    const auto members = configured_members(written(view, *plan));
    EXPECT_EQ(names_of(*members), names_of(plan->members));
}

TEST(NtpdPlan, an_unpeer_for_each_occurrence_as_it_is_spelled) {
    const auto plan = plan_ntpd_change(
        view_of("server -4 Old.Test. iburst\nserver Old.Test.\npool p.test\nserver 192.0.2.7\n"), three(), {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(*plan->edits[0].after,
                HasSubstr("unpeer Old.Test.\nunpeer Old.Test.\nunpeer p.test\nunpeer 192.0.2.7\nserver n1.test"));
}

TEST(NtpdPlan, what_is_added_is_never_unpeered) {
    const auto plan =
        plan_ntpd_change(view_of("server N1.test. iburst minpoll 5\nserver 10.0.0.3\nserver old.test\n"), three(), {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(*plan->edits[0].after, HasSubstr("\nunpeer old.test\nserver n2.test iburst\n"));
    EXPECT_THAT(*plan->edits[0].after, Not(HasSubstr("n1.test")));
    EXPECT_THAT(*plan->edits[0].after, Not(HasSubstr("10.0.0.3")));
    EXPECT_THAT(names_of(plan->members), ElementsAre("N1.test.", "n2.test", "10.0.0.3")) << "its own lines serve";
}

TEST(NtpdPlan, the_same_again_is_nothing) {
    const auto view = view_of(kDebian);
    const auto first = plan_ntpd_change(view, three(), {});
    const auto again = plan_ntpd_change(written(view, *first), three(), {});
    ASSERT_TRUE(again);
    EXPECT_THAT(again->edits, IsEmpty());
    EXPECT_EQ(again->ours, first->ours);
    const std::vector<NtpdAssociation> theirs{association("n1.test", "10.0.0.1"), association("n2.test", ""),
                                              association("", "10.0.0.3")};
    EXPECT_TRUE(is_fulfilled(*again, theirs));
    EXPECT_FALSE(is_fulfilled(*again, {theirs[0], theirs[1]}));
    EXPECT_FALSE(is_fulfilled(*first, theirs));
}

TEST(NtpdPlan, the_way_back_is_the_removal_of_our_file) {
    auto view = view_of(kDebian);
    view = written(view, *plan_ntpd_change(view, three(), {}));
    const auto plan = plan_ntpd_original(view);
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->edits.size(), 1U);
    EXPECT_FALSE(plan->edits[0].after);
    EXPECT_THAT(names_of(plan->members), ElementsAre("0.debian.pool.ntp.org", "1.debian.pool.ntp.org"));
    EXPECT_THAT(names_of(plan->former), ElementsAre("n1.test", "n2.test", "10.0.0.3"));
}

TEST(NtpdPlan, other_drop_ins_count_as_the_service_s_own) {
    auto view = view_of("server a.test\n");
    view.files.push_back({"/etc/ntpsec/ntp.d/90-site.conf", "server b.test\ntos minsane 4\n"});
    EXPECT_THAT(refusal(view, three()), HasSubstr("at least 4 sources (tos minsane), the choice has 3"));
    auto choices = three();
    choices.push_back(choose("n4.test"));
    const auto plan = plan_ntpd_change(view, choices, {});
    EXPECT_THAT(*plan->edits[0].after, HasSubstr("unpeer a.test\nunpeer b.test\n"));
}

TEST(NtpdPlan, augment_only_adds) {
    ApplyConfig config;
    config.augment = true;
    const auto plan =
        plan_ntpd_change(view_of("server old.test\nserver key.test key 3\n"), {choose("n1.test")}, config);
    ASSERT_TRUE(plan) << plan.error().detail;
    EXPECT_THAT(*plan->edits[0].after, Not(HasSubstr("unpeer")));
    EXPECT_THAT(names_of(plan->staying), ElementsAre("old.test", "key.test"));
}

TEST(NtpdPlan, what_an_administrator_unpeers_is_nobody_s_source) {
    auto view = view_of("server a.test\nserver b.test\nserver c.test\nserver gone.test key 3\n");
    view.files.push_back({"/etc/ntpsec/ntp.d/local.conf", "unpeer gone.test\nunpeer n9.test\n"});
    const auto plan = plan_ntpd_change(view, three(), {});
    ASSERT_TRUE(plan) << plan.error().detail;
    EXPECT_THAT(*plan->edits[0].after, Not(HasSubstr("gone.test")));
    EXPECT_THAT(names_of(plan_ntpd_original(written(view, *plan))->members), ElementsAre("a.test", "b.test", "c.test"));
    ApplyConfig config;
    config.augment = true;
    EXPECT_THAT(names_of(plan_ntpd_change(view, {choose("n1.test")}, config)->staying),
                ElementsAre("a.test", "b.test", "c.test"));
    for (const auto* name : {"gone.test", "n9.test"}) {
        auto choices = three();
        choices.push_back(choose(name));
        EXPECT_THAT(refusal(view, choices), HasSubstr(std::string("\"unpeer ") + name + "\"")) << "it would never come";
    }
}

TEST(NtpdPlan, classic_marks_lines_and_includes_our_file) {
    ApplyConfig config;
    config.edit_files = true;
    const auto view =
        view_of("# mine\npool 0.test iburst\nserver 127.127.1.0\nserver n2.test prefer", NtpdFlavour::classic);
    const auto plan = plan_ntpd_change(view, three(), config);
    ASSERT_TRUE(plan) << plan.error().detail;
    ASSERT_EQ(plan->edits.size(), 2U);
    EXPECT_EQ(plan->edits[0].path, view.our_path) << "what is included is there before what includes it";
    EXPECT_THAT(*plan->edits[0].after, Not(HasSubstr("unpeer")));
    EXPECT_THAT(*plan->edits[0].after, HasSubstr("\nserver n1.test iburst\nserver 10.0.0.3 iburst\n"));
    EXPECT_EQ(*plan->edits[1].after,
              "includefile /etc/ntp/ntpopt.conf\n# mine\n#ntpopt# pool 0.test iburst\nserver 127.127.1.0\n"
              "server n2.test prefer");
    const auto after = written(view, *plan);
    EXPECT_THAT(plan_ntpd_change(after, three(), config)->edits, IsEmpty());

    const auto back = plan_ntpd_original(after);
    ASSERT_EQ(back->edits.size(), 2U);
    EXPECT_EQ(back->edits[0].after, view.files[0].text) << "byte by byte";
    EXPECT_FALSE(back->edits[1].after);
}

TEST(NtpdPlan, classic_keeps_what_an_administrator_wrote_meanwhile) {
    ApplyConfig config;
    config.edit_files = true;
    const auto view = view_of("pool 0.test iburst\n", NtpdFlavour::classic);
    auto after = written(view, *plan_ntpd_change(view, three(), config));
    after.files[0].text += "driftfile /var/lib/ntp/drift\n";
    EXPECT_EQ(plan_ntpd_original(after)->edits[0].after, "pool 0.test iburst\ndriftfile /var/lib/ntp/drift\n");
}

TEST(NtpdPlan, classic_gets_the_marks_of_an_earlier_text_around_what_an_administrator_wrote_since) {
    ApplyConfig config;
    config.edit_files = true;
    const auto view = view_of("pool 0.test iburst\nserver n3.test\n", NtpdFlavour::classic);
    auto choices = three();
    choices.push_back(choose("n3.test"));
    const std::string before = written(view, *plan_ntpd_change(view, choices, config)).files[0].text;
    const std::string now = written(view, *plan_ntpd_change(view, three(), config)).files[0].text;
    ASSERT_NE(before, now);
    EXPECT_EQ(remark_ntpd_text(now, before, view.our_path), before);
    EXPECT_EQ(remark_ntpd_text(now + "disable monitor\n", before, view.our_path), before + "disable monitor\n");
    EXPECT_EQ(remark_ntpd_text(now + "disable monitor", view.files[0].text, view.our_path),
              view.files[0].text + "disable monitor");
}

TEST(NtpdPlan, refusals_say_what_to_do) {
    const auto debian = view_of(kDebian);
    EXPECT_THAT(refusal(debian, {}), HasSubstr("no server was chosen"));
    EXPECT_THAT(refusal(debian, {choose("a.test"), choose("b.test")}), HasSubstr("raise selection.sources"));
    EXPECT_EQ(refusal(debian, {choose("a.test"), choose("p.test", "", true)}), "planned")
        << "a pool of two counts twice";
    auto choices = three();
    choices.push_back(choose("n4.test:1123"));
    EXPECT_THAT(refusal(debian, choices), HasSubstr("use chronyd"));
    choices.back() = choose("n4.test", "10.0.0.1");
    EXPECT_THAT(refusal(debian, choices), HasSubstr("one address"));
    choices.back() = choose("n4.test");
    choices.back().timescale = Timescale::smear_24h;
    EXPECT_THAT(refusal(debian, choices), HasSubstr("timescale"));
    EXPECT_THAT(refusal(view_of("server a.test nts\n"), three()), HasSubstr("allow_auth_downgrade"));
    EXPECT_THAT(refusal(view_of("server n1.test noselect\n"), three()), HasSubstr("noselect"));
    EXPECT_THAT(refusal(view_of("server under_score\n"), three()), HasSubstr("policy = \"augment\""));
    EXPECT_THAT(refusal(view_of("broadcastclient\n"), three()), HasSubstr("broadcastclient"));
    EXPECT_THAT(refusal(view_of("disable ntp\n"), three()), HasSubstr("disable ntp"));
    EXPECT_THAT(refusal(view_of("pool a\n", NtpdFlavour::classic), three()), HasSubstr("edit_files = true"));
    ApplyConfig weaker;
    weaker.allow_auth_downgrade = true;
    EXPECT_EQ(refusal(view_of("server a.test nts\n"), three(), weaker), "planned");
}

TEST(NtpdPlan, associations_are_held_against_the_plan) {
    NtpdPlan plan;
    plan.members = {{"n1.test", false, 1}, {"2001:db8::1", false, 1}};
    EXPECT_THAT(ntpd_leftovers(plan, {association("N1.TEST", "10.0.0.1"), association("", "2001:db8::1"),
                                      association("old.test", "10.0.0.9"), association("", "127.127.28.0"),
                                      association("", "10.0.0.8", false)}),
                ElementsAre("old.test", "10.0.0.8"));
    EXPECT_THAT(ntpd_missing(plan, {association("n1.test", "")}), ElementsAre("2001:db8::1"));
    plan.members.push_back({"p.test", true, 4});
    EXPECT_THAT(ntpd_leftovers(plan, {association("", "10.0.0.8", false), association("", "10.0.0.7")}),
                ElementsAre("10.0.0.7"))
        << "members of a pool are those that nobody configured";
}

TEST(NtpdPlan, a_description_holds_files_commands_and_proof) {
    auto view = view_of(kDebian);
    view.files[0].world_readable = false;
    const auto plan = plan_ntpd_change(view, three(), {});
    const Json told = describe_plan(*plan, view, "ntpsec.service");
    EXPECT_EQ(told["commands"], Json::array({"systemctl try-restart ntpsec.service"}));
    EXPECT_EQ(told["unchanged"], false);
    EXPECT_THAT(told["files"][0]["diff"].get<std::string>(), HasSubstr("--- /dev/null\n"));
    EXPECT_EQ(told["verify"].size(), 2U);
    EXPECT_EQ(told["steps"].size(), 4U);
}

/// Any text: what is planned is planned once, holds valid names only, and can be taken back.
TEST(NtpdPlan, whatever_the_configuration_says) {
    constexpr std::array<std::string_view, 24> kPieces{"server ",
                                                       "pool ",
                                                       "peer ",
                                                       "unpeer ",
                                                       "n1.test",
                                                       "N1.test.",
                                                       "10.0.0.3",
                                                       "under_score",
                                                       "\"",
                                                       "#",
                                                       "#ntpopt# ",
                                                       " iburst",
                                                       " key 1",
                                                       "\n",
                                                       "\n",
                                                       "\r\n",
                                                       "\t",
                                                       "a b",
                                                       "evil;rm -rf",
                                                       "-4 ",
                                                       "old.test",
                                                       "127.127.1.0",
                                                       "includefile /etc/ntp/ntpopt.conf",
                                                       "\xff\x01"};
    std::mt19937 random(1);
    ApplyConfig config;
    config.edit_files = true;
    config.allow_auth_downgrade = true;
    int planned = 0;
    for (int round = 0; round < 4000; ++round) {
        std::string text;
        for (auto i = random() % 24; i > 0; --i)
            text += kPieces[random() % kPieces.size()];
        for (const auto flavour : {NtpdFlavour::ntpsec, NtpdFlavour::classic}) {
            const auto view = view_of(text, flavour);
            const auto plan = plan_ntpd_change(view, three(), config);
            if (!plan) continue;
            ++planned;
            const auto after = written(view, *plan);
            const auto again = plan_ntpd_change(after, three(), config);
            ASSERT_TRUE(again) << text;
            ASSERT_THAT(again->edits, IsEmpty()) << text;
            const auto ours = parse_ntpd_config(after.our_text.value_or(""));
            for (const auto& source : ours->sources)
                ASSERT_TRUE(Host::parse(source.name)) << text;
            for (const auto& name : ours->unpeers)
                ASSERT_TRUE(Host::parse(name)) << text;
            const auto back = written(after, *plan_ntpd_original(after));
            ASSERT_EQ(back.files[0].text, unmark_ntpd_text(text, view.our_path));
            ASSERT_FALSE(back.our_text);
        }
    }
    EXPECT_GT(planned, 1000);
}

}  // namespace
}  // namespace ntpopt
