// What is learned from `chronyd -p` and from *.sources files.
#include "daemon/core/plan/chrony_config.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

constexpr std::string_view kEffective =
    "server 127.0.0.1 iburst minpoll 3 maxpoll 4 xleave\n"
    "pool 2.debian.pool.ntp.org iburst maxsources 3\n"
    "peer 10.0.0.1 key 3\n"
    "server nts.example nts iburst noselect offset 0.1 port 11123\n"
    "SERVER upper.example iburst\n"
    "sourcedir /tmp/a /tmp/b\n"
    "sourcedir /run/chrony-dhcp\n"
    "bindcmdaddress 127.0.0.1\n"
    "bindcmdaddress /run/chrony/x.sock\n"
    "minsources 2\n"
    "authselectmode Prefer\n"
    "refclock SHM 0 refid GPS\n"
    "leapsecmode slew\n"
    "allow 10/8\n"
    "makestep 1 3\n"
    "! a comment\n";

TEST(ChronyConfig, reads_what_sources_depend_on) {
    const auto config = parse_chrony_config(kEffective);
    ASSERT_TRUE(config);
    ASSERT_EQ(config->sources.size(), 5u);
    EXPECT_EQ(config->sources[0].text, "server 127.0.0.1 iburst minpoll 3 maxpoll 4 xleave");
    EXPECT_EQ(config->sources[1].kind, ChronySourceKind::pool);
    EXPECT_EQ(config->sources[1].max_sources, 3);
    EXPECT_EQ(config->sources[2].kind, ChronySourceKind::peer);
    EXPECT_TRUE(config->sources[2].authenticated);
    EXPECT_TRUE(config->sources[3].authenticated);
    EXPECT_FALSE(config->sources[3].selectable);
    EXPECT_EQ(config->sources[3].port, 11123);
    EXPECT_EQ(config->sources[4].name, "upper.example");
    EXPECT_EQ(config->source_dirs, (std::vector<std::string>{"/tmp/a", "/tmp/b", "/run/chrony-dhcp"}));
    EXPECT_EQ(config->command_socket, "/run/chrony/x.sock");
    EXPECT_EQ(config->min_sources, 2);
    EXPECT_EQ(config->auth_select_mode, "prefer");
}

TEST(ChronyConfig, knows_by_what_chronyd_inserts_leap_seconds) {
    EXPECT_EQ(parse_chrony_config("server a.test\n")->leap_source, "");
    EXPECT_EQ(parse_chrony_config("leapsectz right/UTC\n")->leap_source, "leapsectz right/UTC");
    EXPECT_EQ(parse_chrony_config("leapseclist /etc/leap.list\n")->leap_source, "leapseclist /etc/leap.list");
}

TEST(ChronyConfig, knows_whether_other_machines_may_ask) {
    EXPECT_FALSE(parse_chrony_config("server a.test\ncmdallow 192.0.2.1\nlocal stratum 10\n")->serves_others);
    EXPECT_TRUE(parse_chrony_config("server a.test\nallow\n")->serves_others);
    EXPECT_TRUE(parse_chrony_config("Allow 192.0.2.0/24\n")->serves_others);
}

TEST(ChronyConfig, knows_from_where_on_chronyd_steps_or_ends) {
    EXPECT_EQ(parse_chrony_config("server a.test\n")->step_limit_s, 0);
    EXPECT_EQ(parse_chrony_config("makestep 0.1 -1\n")->step_limit_s, 0.1);
    EXPECT_EQ(parse_chrony_config("makestep 0.1 0\n")->step_limit_s, 0) << "at no update at all";
    EXPECT_EQ(parse_chrony_config("makestep 1 3\nmaxchange 0.25 1 2\n")->step_limit_s, 0.25);
    EXPECT_EQ(parse_chrony_config("maxchange 1000 1 2\nmakestep 10 3\n")->step_limit_s, 10);
    EXPECT_EQ(parse_chrony_config("makestep\nmaxchange x 1 2\nmakestep nan 3\nmakestep -1 3\n")->step_limit_s, 0);
}

TEST(ChronyConfig, an_option_s_argument_is_never_taken_for_an_option) {
    const auto config =
        parse_chrony_config("server a.example filter nts certset key port\nserver b.example maxdelay port port 5\n");
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->sources[0].authenticated);
    EXPECT_EQ(config->sources[0].port, 123);
    EXPECT_EQ(config->sources[1].port, 5);
}

TEST(ChronyConfig, a_pool_has_four_members_unless_it_says_otherwise) {
    const auto config = parse_chrony_config("pool a.example\npool b.example maxsources 99\n");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->sources[0].max_sources, 4);
    EXPECT_EQ(config->sources[1].max_sources, 4);
}

TEST(ChronyConfig, hostile_sizes_and_bytes_are_errors) {
    EXPECT_FALSE(parse_chrony_config(std::string(kMaxChronyText + 1, 'a')));
    EXPECT_FALSE(parse_chrony_config("server " + std::string(kMaxChronyLine, 'a') + "\n"));
    EXPECT_FALSE(parse_chrony_config("server a\x1b[31m iburst\n"));
    std::string many;
    for (std::size_t i = 0; i <= kMaxChronyDirectives; ++i)
        many += "server a\n";
    EXPECT_FALSE(parse_chrony_config(many));
    EXPECT_TRUE(parse_chrony_config("# \xc3\xa4 comment may say anything\n"));
}

TEST(ChronySourcesFile, the_last_line_without_newline_does_not_count) {
    const auto directives = parse_chrony_sources_file("server a iburst\nallow 0/0\nserver b iburst");
    ASSERT_TRUE(directives);
    ASSERT_EQ(directives->size(), 1u);
    EXPECT_EQ(directives->front().name, "a");
    EXPECT_TRUE(parse_chrony_sources_file("")->empty());
}

TEST(ChronySourceName, compares_hosts_not_spelling) {
    EXPECT_TRUE(same_source_name("Time.Example", "time.example."));
    EXPECT_TRUE(same_source_name("2001:DB8::1", "2001:db8:0:0:0:0:0:1"));
    EXPECT_FALSE(same_source_name("a.example", "b.example"));
    EXPECT_TRUE(same_source_name("not_a_host!", "NOT_a_host!"));
}

TEST(ChronySourceDir, prefers_the_distribution_s_then_what_lasts) {
    EXPECT_EQ(choose_source_dir({"/run/chrony-dhcp", "/srv/x", "/etc/chrony/sources.d"}), "/etc/chrony/sources.d");
    EXPECT_EQ(choose_source_dir({"/run/chrony-dhcp", "/srv/x"}), "/srv/x");
    EXPECT_EQ(choose_source_dir({"/run/chrony-dhcp"}), "/run/chrony-dhcp");
    EXPECT_EQ(choose_source_dir({}), std::nullopt);
    EXPECT_EQ(choose_volatile_dir({"/srv/x", "/run/chrony-dhcp"}), "/run/chrony-dhcp");
    EXPECT_EQ(choose_volatile_dir({"/srv/x"}), std::nullopt);
}

}  // namespace
}  // namespace ntpopt
