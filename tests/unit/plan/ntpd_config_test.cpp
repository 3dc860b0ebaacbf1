// ntp.conf of ntpsec and of the classic ntpd, versions, command lines.
#include "daemon/core/plan/ntpd_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(NtpdConfig, debian_s_file) {
    const auto config = parse_ntpd_config(
        "driftfile /var/lib/ntpsec/ntp.drift\nleapfile /usr/share/zoneinfo/leap-seconds.list\n\n"
        "# server time.cloudflare.com nts\ntos maxclock 11\ntos minclock 4 minsane 3\n"
        "pool 0.debian.pool.ntp.org iburst\npool 1.debian.pool.ntp.org iburst # near\n"
        "restrict default kod nomodify nopeer noquery limited\nrestrict 127.0.0.1\n");
    ASSERT_TRUE(config);
    ASSERT_EQ(config->sources.size(), 2U);
    EXPECT_EQ(config->sources[0].name, "0.debian.pool.ntp.org");
    EXPECT_EQ(config->sources[0].kind, NtpdSourceKind::pool);
    EXPECT_EQ(config->sources[1].line, 7U);
    EXPECT_FALSE(config->sources[0].authenticated || config->sources[0].refclock || config->disabled);
    EXPECT_EQ(config->min_sane, 3);
    EXPECT_EQ(config->leap_file, "/usr/share/zoneinfo/leap-seconds.list");
    EXPECT_FALSE(config->step_limit_s);
}

TEST(NtpdConfig, names_stay_as_they_are_written) {
    const auto config = parse_ntpd_config(
        "server -4 N6.Test. iburst\nserver -6\t2001:db8::1\nserver \"quoted.test\" key 3\npeer friend autokey\n"
        "server nts.test nts noselect\nserver 127.127.28.0 minpoll 4\nserver\n");
    ASSERT_TRUE(config);
    ASSERT_EQ(config->sources.size(), 6U);
    EXPECT_EQ(config->sources[0].name, "N6.Test.");
    EXPECT_EQ(config->sources[1].name, "2001:db8::1");
    EXPECT_EQ(config->sources[2].name, "quoted.test");
    EXPECT_TRUE(config->sources[2].authenticated);
    EXPECT_TRUE(config->sources[3].authenticated);
    EXPECT_EQ(config->sources[3].kind, NtpdSourceKind::peer);
    EXPECT_TRUE(config->sources[4].authenticated);
    EXPECT_FALSE(config->sources[4].selectable);
    EXPECT_TRUE(config->sources[5].refclock);
}

TEST(NtpdConfig, what_else_matters) {
    const auto config = parse_ntpd_config(
        "includefile /etc/ntp/more.conf\nrefclock shm unit 0\nmulticastclient 224.0.1.1\nunpeer a.test\n"
        "tinker panic 0 step 0.4\ndisable monitor ntp\n");
    ASSERT_TRUE(config);
    EXPECT_THAT(config->includes, ElementsAre("/etc/ntp/more.conf"));
    EXPECT_THAT(config->refclocks, ElementsAre("shm"));
    EXPECT_THAT(config->listeners, ElementsAre("multicastclient"));
    EXPECT_THAT(config->unpeers, ElementsAre("a.test"));
    EXPECT_EQ(config->step_limit_s, 0.4);
    EXPECT_EQ(config->panic_limit_s, 0.0);
    EXPECT_TRUE(config->disabled);
}

TEST(NtpdConfig, hostile_texts_end) {
    EXPECT_FALSE(parse_ntpd_config(std::string(kMaxNtpdText + 1, '\n')));
    EXPECT_FALSE(parse_ntpd_config(std::string(kMaxNtpdLine + 1, 'x')));
    std::string many;
    for (std::size_t i = 0; i <= kMaxNtpdDirectives; ++i)
        many += "server a\n";
    EXPECT_FALSE(parse_ntpd_config(many));
    EXPECT_TRUE(parse_ntpd_config("server \"without end"));
    EXPECT_TRUE(parse_ntpd_config("tos minsane 99999999999999999999999\ntinker step nan\n"));
    EXPECT_THAT(parse_ntpd_config("\"\"\n=\n  = #\n")->sources, IsEmpty());
}

TEST(NtpdConfig, versions) {
    const auto ntpsec = parse_ntpd_version("ntpd ntpsec-1.2.2\n");
    ASSERT_TRUE(ntpsec);
    EXPECT_EQ(ntpsec->flavour, NtpdFlavour::ntpsec);
    EXPECT_EQ(ntpsec->number, "1.2.2");
    const auto classic = parse_ntpd_version("ntpd 4.2.8p15@1.3728-o Wed Sep 23 11:46:38 UTC 2020 (1)\n");
    ASSERT_TRUE(classic);
    EXPECT_EQ(classic->flavour, NtpdFlavour::classic);
    EXPECT_EQ(classic->number, "4.2.8p15");
    const auto open = parse_ntpd_version("unknown option -- -\nusage: ntpd [-dnSsv] [-f file] [-p file]\n");
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, Errc::refused);
    EXPECT_THAT(open.error().detail, HasSubstr("OpenNTPD"));
    EXPECT_FALSE(parse_ntpd_version(""));
    EXPECT_FALSE(parse_ntpd_version("\x1b[31mntpd\n"));
}

TEST(NtpdConfig, command_lines) {
    EXPECT_EQ(ntpd_config_path({"ntpd", "-p", "/run/ntpd.pid", "-c", "/etc/ntpsec/ntp.conf", "-g"}),
              "/etc/ntpsec/ntp.conf");
    EXPECT_EQ(ntpd_config_path({"ntpd", "-c/etc/ntp.conf"}), "/etc/ntp.conf");
    EXPECT_EQ(ntpd_config_path({"ntpd", "--configfile=/a"}), "/a");
    EXPECT_EQ(ntpd_config_path({"ntpd", "--configfile", "/a"}), "/a");
    EXPECT_EQ(ntpd_config_path({"ntpd", "-g"}), "");
    EXPECT_EQ(ntpd_config_path({"ntpd", "-c"}), "");
    EXPECT_EQ(ntpd_config_path({}), "");
}

}  // namespace
}  // namespace ntpopt
