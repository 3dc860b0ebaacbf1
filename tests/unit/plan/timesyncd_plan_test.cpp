// From timesyncd's state and a choice to a plan: what is written, in which order it is asked, what is refused; and for
// any configuration at all, that a plan is idempotent and writes nothing but names.
#include "daemon/core/plan/timesyncd_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Choice choose(std::string_view endpoint, double offset_s = 0, double error_s = 0.001) {
    return {*Endpoint::parse(endpoint), std::nullopt, false, 0, Timescale::utc, offset_s, error_s};
}

TimesyncdView view_of(std::vector<TimesyncdFile> files) {
    TimesyncdView view;
    view.files = std::move(files);
    view.status.live = true;
    view.status.system = parse_timesyncd_files(view.files)->system;
    view.status.fallback = {"0.pool.test", "1.pool.test"};
    view.synchronised = true;
    return view;
}

TimesyncdView debian() {
    return view_of({{"/etc/systemd/timesyncd.conf", "[Time]\n#NTP=\n#FallbackNTP=0.debian.pool.ntp.org\n"}});
}

/// What timesyncd shows after the plan was carried out; `restarted`: and read its files anew.
TimesyncdView after(TimesyncdView view, const TimesyncdPlan& plan, bool restarted) {
    view.our_text = plan.text;
    view.status.runtime = plan.runtime;
    if (!restarted) return view;
    auto files = view.files;
    if (plan.text) files.push_back({"/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf", *plan.text});
    view.status.runtime.clear();
    view.status.system = parse_timesyncd_files(files)->system;
    return view;
}

std::string refusal(const TimesyncdView& view, const std::vector<Choice>& choices, bool measured = true) {
    const auto plan = plan_timesyncd_change(view, choices, measured, {});
    if (plan) return "planned";
    EXPECT_EQ(plan.error().code, Errc::refused);
    return plan.error().detail;
}

TEST(TimesyncdPlan, a_list_of_somebody_s_that_was_cleared_since_does_not_come_back) {
    auto view = debian();
    TimesyncdPlan committed;
    committed.original = true;
    committed.runtime = view.status.runtime = {"hers.test"};
    EXPECT_THAT(foreign_runtime(committed, {"hers.test"}, view), ElementsAre("hers.test"));
    view.status.runtime.clear();
    EXPECT_THAT(foreign_runtime(committed, {"hers.test"}, view), IsEmpty());
    view.status.runtime = {"another.test"};
    EXPECT_THAT(foreign_runtime(committed, {"hers.test"}, view), ElementsAre("another.test"));
    // What is set while ours is followed is ours.
    committed.original = false;
    EXPECT_THAT(foreign_runtime(committed, {"hers.test"}, view), ElementsAre("hers.test"));
}

TEST(TimesyncdPlan, the_list_is_set_and_written_in_the_order_of_the_choice) {
    const auto plan =
        plan_timesyncd_change(debian(), {choose("b.test"), choose("a.test"), choose("2001:db8::1")}, true, {});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->servers, ElementsAre("b.test", "a.test", "2001:db8::1"));
    EXPECT_EQ(plan->runtime, plan->servers);
    EXPECT_THAT(*plan->text, testing::EndsWith("\n[Time]\nNTP=\nNTP=b.test a.test 2001:db8::1\n"));
}

TEST(TimesyncdPlan, a_pool_is_a_name_like_any_other) {
    Choice pool = choose("pool.test", 0.3);
    pool.pool = true;
    pool.maxsources = 4;
    const auto plan = plan_timesyncd_change(debian(), {pool, choose("a.test")}, true, {});
    ASSERT_TRUE(plan) << "the pool's figures are those of one member, and nobody knows whose turn it is";
    EXPECT_THAT(plan->servers, ElementsAre("pool.test", "a.test"));
    EXPECT_EQ(plan->measured.size(), 1u);
}

TEST(TimesyncdPlan, refusals) {
    const auto view = debian();
    EXPECT_THAT(refusal(view, {}), HasSubstr("no server"));
    EXPECT_THAT(refusal(view, {choose("a.test"), choose("b.test:1234")}), HasSubstr("b.test:1234 has a port"));
    EXPECT_THAT(refusal(view, {choose("a.test"), choose("A.test.")}), HasSubstr("chosen twice"));
}

TEST(TimesyncdPlan, a_file_that_is_read_after_ours_is_named) {
    const std::string path = "/usr/lib/systemd/timesyncd.conf.d/zzz.conf";
    EXPECT_THAT(refusal(view_of({{path, "[Time]\nNTP=x\n"}}), {choose("a.test")}), HasSubstr(path));
    EXPECT_EQ(refusal(view_of({{path, "[Time]\nPollIntervalMaxSec=1h\n"}}), {choose("a.test")}), "planned");
    EXPECT_EQ(
        refusal(view_of({{"/etc/systemd/timesyncd.conf.d/cloud-init.conf", "[Time]\nNTP=x\n"}}), {choose("a.test")}),
        "planned");
}

TEST(TimesyncdPlan, augment_keeps_its_own_servers_behind_ours) {
    ApplyConfig config;
    config.augment = true;
    const auto view = view_of({{"/etc/systemd/timesyncd.conf", "[Time]\nNTP=base.test A.test\n"}});
    EXPECT_THAT(plan_timesyncd_change(view, {choose("a.test")}, true, config)->servers,
                ElementsAre("a.test", "base.test"));
    const auto odd = view_of({{"/etc/systemd/timesyncd.conf", "[Time]\nNTP=bad!name\n"}});
    EXPECT_THAT(plan_timesyncd_change(odd, {choose("a.test")}, true, config).error().detail,
                HasSubstr("bad!name is neither a host name nor an address"));
}

TEST(TimesyncdPlan, the_way_back) {
    auto view = view_of({{"/etc/systemd/timesyncd.conf", "[Time]\nNTP=base.test\n"}});
    view.our_text = "[Time]\nNTP=\nNTP=a.test\n";
    view.status.runtime = {"a.test"};
    auto plan = plan_timesyncd_original(view, {});
    EXPECT_THAT(plan->runtime, IsEmpty()) << "it has read its own files";
    EXPECT_THAT(plan->servers, ElementsAre("base.test"));
    EXPECT_EQ(plan->text, std::nullopt);

    view.status.system = {"a.test"};
    EXPECT_THAT(plan_timesyncd_original(view, {})->runtime, ElementsAre("base.test")) << "it has read ours";
    EXPECT_THAT(plan_timesyncd_original(view, {"by.hand.test"})->servers, ElementsAre("by.hand.test"));

    auto bare = debian();
    bare.status.system = {"a.test"};
    EXPECT_EQ(plan_timesyncd_original(bare, {})->runtime, bare.status.fallback);
    bare.status.link = {"dhcp.test"};
    EXPECT_EQ(plan_timesyncd_original(bare, {})->runtime, bare.status.link);
    bare.status.live = false;
    EXPECT_THAT(plan_timesyncd_original(bare, {})->runtime, IsEmpty()) << "a restart brings it about";
}

TEST(TimesyncdPlan, described_step_by_step) {
    const auto view = debian();
    const auto plan = plan_timesyncd_change(view, {choose("a.test")}, true, {});
    const Json json =
        describe_plan(*plan, view, "/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf", "systemd-timesyncd.service");
    EXPECT_EQ(get_array(json, "steps").size(), 3u);
    EXPECT_THAT(get_array(json, "commands")[0].get<std::string>(), HasSubstr("SetRuntimeNTPServers as 1 a.test"));
    EXPECT_THAT(get_string(get_array(json, "files")[0], "diff"), HasSubstr("+NTP=a.test\n"));
    auto old = view;
    old.status.live = false;
    EXPECT_EQ(get_array(describe_plan(*plan, old, "/x", "systemd-timesyncd.service"), "commands"),
              Json::array({"systemctl try-restart systemd-timesyncd.service"}));
}

TEST(TimesyncdPlan, deadlines) {
    TimesyncdPlan plan;
    plan.servers = {"a"};
    EXPECT_EQ(timesyncd_deadline(plan, 0s), 45s);
    EXPECT_EQ(timesyncd_deadline(plan, 7s), 7s);
    plan.servers.resize(4);
    EXPECT_EQ(timesyncd_deadline(plan, 0s), 55s);
}

/// Any configuration: lines of what is allowed, what is not, and what would break out of the file.
TEST(TimesyncdPlanProperty, a_plan_is_idempotent_and_writes_nothing_but_names) {
    const std::vector<std::string> kinds{"a.test",       "b.test",      "bad!name",
                                         "10.0.0.5:123", "2001:db8::1", "\\",
                                         "#x",           "[Time]",      "NTP=",
                                         "NTP=c.test",   "\xff\xfe",    "..",
                                         "x\ty",         "=",           "FallbackNTP=d.test",
                                         "[Network]",    ";",           "127.0.0.1",
                                         "a..b",         "\"q\""};
    std::mt19937 random(20240601);
    const auto pick = [&](std::size_t size) { return std::uniform_int_distribution<std::size_t>(0, size - 1)(random); };
    int planned = 0;
    for (int round = 0; round < 3000; ++round) {
        std::vector<TimesyncdFile> files;
        for (std::size_t i = 0; i < 1 + pick(3); ++i) {
            std::string text = pick(4) == 0 ? "" : "[Time]\nNTP=";
            for (std::size_t j = 0; j < pick(12); ++j)
                text += kinds[pick(kinds.size())] + (pick(3) == 0 ? "\n" : " ");
            files.push_back({"/etc/systemd/timesyncd.conf.d/" + std::to_string(i) + ".conf", std::move(text)});
        }
        auto view = view_of(std::move(files));
        ApplyConfig config;
        config.augment = pick(2) == 0;
        const std::vector<Choice> choices{choose("n" + std::to_string(pick(5)) + ".test"), choose("192.0.2.1")};
        const auto plan = plan_timesyncd_change(view, choices, true, config);
        if (!plan) {
            EXPECT_TRUE(config.augment) << plan.error().detail;
            continue;
        }
        ++planned;
        for (const auto line : lines(*plan->text)) {
            if (!line.starts_with("NTP=")) continue;
            for (const auto name : words(line.substr(4)))
                EXPECT_TRUE(Host::parse(name)) << name;
        }
        for (const bool restarted : {false, true}) {
            const auto later = after(view, *plan, restarted);
            EXPECT_EQ(later.status.listed(), plan->servers) << "it follows the plan, also after a restart";
            const auto again = plan_timesyncd_change(later, choices, true, config);
            ASSERT_TRUE(again);
            EXPECT_EQ(again->text, plan->text);
            EXPECT_TRUE(is_fulfilled(*again, later));
        }
        const auto back = plan_timesyncd_original(after(view, *plan, false), {});
        ASSERT_TRUE(back);
        EXPECT_EQ(after(view, *back, false).status.listed(), view.status.listed());
    }
    EXPECT_GT(planned, 1500);
}

}  // namespace
}  // namespace ntpopt
