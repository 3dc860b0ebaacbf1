// timesyncd.conf and its drop-ins, put together as systemd does.
#include "daemon/core/plan/timesyncd_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Names = std::vector<std::string>;

TimesyncdServers read(const std::vector<std::string>& texts) {
    std::vector<TimesyncdFile> files;
    for (const auto& text : texts)
        files.push_back({"/etc/systemd/f" + std::to_string(files.size()), text});
    const auto servers = parse_timesyncd_files(files);
    EXPECT_TRUE(servers);
    return servers ? *servers : TimesyncdServers();
}

struct Case {
    std::string what;
    std::vector<std::string> texts;
    Names system;
    Names fallback;
};

TEST(TimesyncdConfig, what_the_files_say_together) {
    const std::vector<Case> cases{
        {"nothing", {}, {}, {}},
        {"Debian and Ubuntu ship comments", {"#  systemd\n\n[Time]\n#NTP=\n#FallbackNTP=ntp.ubuntu.com\n"}, {}, {}},
        {"one line", {"[Time]\nNTP=a b\tc\n"}, {"a", "b", "c"}, {}},
        {"without a final newline", {"[Time]\nNTP=a"}, {"a"}, {}},
        {"lines add", {"[Time]\nNTP=a\nNTP=b\n"}, {"a", "b"}, {}},
        {"files add", {"[Time]\nNTP=a\n", "[Time]\nNTP=b\n"}, {"a", "b"}, {}},
        {"each once", {"[Time]\nNTP=a b a\n", "[Time]\nNTP=b c\n"}, {"a", "b", "c"}, {}},
        {"an empty one forgets", {"[Time]\nNTP=a\n", "[Time]\nNTP=\nNTP=b\n"}, {"b"}, {}},
        {"an empty one alone", {"[Time]\nNTP=a\nFallbackNTP=f\n", "[Time]\nNTP=\n"}, {}, {"f"}},
        {"fallbacks apart", {"[Time]\nNTP=a\nFallbackNTP=f g\n"}, {"a"}, {"f", "g"}},
        {"the old name of NTP=", {"[Time]\nServers=a\n"}, {"a"}, {}},
        {"blanks around", {"  [Time]  \n  NTP = a \r\n"}, {"a"}, {}},
        {"comments", {"[Time]\n#NTP=x\n;NTP=y\n  # NTP=z\nNTP=a\n"}, {"a"}, {}},
        {"continued", {"[Time]\nNTP=a \\\n  b \\\n# between\nc\nNTP=d\n"}, {"a", "b", "c", "d"}, {}},
        {"continued to the end", {"[Time]\nNTP=a \\"}, {"a"}, {}},
        {"an escaped backslash ends it", {"[Time]\nNTP=a\\\\\nNTP=b\n"}, {"a\\\\", "b"}, {}},
        {"another section", {"[Network]\nNTP=x\n[Time]\nNTP=a\n[time]\nNTP=y\n"}, {"a"}, {}},
        {"before any section", {"NTP=x\n[Time]\nNTP=a\n"}, {"a"}, {}},
        {"a section does not last beyond its file", {"[Time]\nNTP=a\n", "NTP=x\n"}, {"a"}, {}},
        {"no assignment", {"[Time]\nNTP\nntp=x\n=y\nNTP=a\n"}, {"a"}, {}},
        {"what is no name is kept as it is", {"[Time]\nNTP=bad! 10.0.0.5:123\n"}, {"bad!", "10.0.0.5:123"}, {}},
        {"cloud-init's drop-in",
         {"[Time]\n#NTP=\n", "# cloud-init generated file\n\n[Time]\nNTP=10.0.0.1 pool.test\n"},
         {"10.0.0.1", "pool.test"},
         {}},
    };
    for (const auto& [what, texts, system, fallback] : cases) {
        const auto servers = read(texts);
        EXPECT_EQ(servers.system, system) << what;
        EXPECT_EQ(servers.fallback, fallback) << what;
    }
}

TEST(TimesyncdConfig, what_is_too_much_is_refused) {
    std::string many = "[Time]\nNTP=";
    for (std::size_t i = 0; i <= kMaxTimesyncdServers; ++i)
        many += " s" + std::to_string(i);
    EXPECT_FALSE(parse_timesyncd_files({{"/a", many}}));
    EXPECT_FALSE(parse_timesyncd_files({{"/a", std::string(kMaxTimesyncdText + 1, ' ')}}));
    EXPECT_FALSE(parse_timesyncd_files(std::vector<TimesyncdFile>(kMaxTimesyncdFiles + 1)));
    EXPECT_THAT(read({"[Time]\nNTP=" + std::string(300, 'a') + " b\n"}).system, ElementsAre("b"));
}

TEST(TimesyncdConfig, whether_a_file_sets_servers) {
    EXPECT_TRUE(sets_timesyncd_servers("[Time]\nNTP=\n"));
    EXPECT_FALSE(sets_timesyncd_servers("[Time]\nFallbackNTP=a\n#NTP=b\n"));
    EXPECT_FALSE(sets_timesyncd_servers(""));
}

TEST(TimesyncdConfig, drop_ins_are_read_by_name_over_all_folders) {
    EXPECT_THAT(order_timesyncd_dropins({{"/etc", {"zz-ntpopt.conf", "50-a.conf", ".zz-ntpopt.conf.new", "x.conf.bak"}},
                                         {"/run", {"01-dhclient.conf", "50-a.conf"}},
                                         {"/usr/lib", {"90-b.conf", ".conf", "Z.conf"}}}),
                ElementsAre(Pair("/run", "01-dhclient.conf"), Pair("/etc", "50-a.conf"), Pair("/usr/lib", "90-b.conf"),
                            Pair("/usr/lib", "Z.conf"), Pair("/etc", "zz-ntpopt.conf")));
    EXPECT_THAT(order_timesyncd_dropins({}), IsEmpty());
}

}  // namespace
}  // namespace ntpopt
