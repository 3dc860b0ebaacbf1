// parse_config(): every mistake with its exact text, merging, origins, overrides.
#include "daemon/core/config/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/core/config/keys.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

ParsedConfig parse(const std::string& text) {
    return parse_config({{"f.toml", text}});
}

std::vector<std::string> problems_of(const std::string& text) {
    std::vector<std::string> out;
    for (const auto& problem : parse(text).problems)
        out.push_back(problem.text());
    return out;
}

ConfigSetting setting(const ParsedConfig& parsed, const std::string& key) {
    for (const auto& entry : parsed.settings)
        if (entry.key == key) return entry;
    ADD_FAILURE() << "no setting " << key;
    return {};
}

TEST(Parse, NothingMeansDefaults) {
    const auto parsed = parse_config({});
    EXPECT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.config.schedule.interval, 6h);
    EXPECT_EQ(parsed.config.selection.weights, Weights{});
    EXPECT_EQ(parsed.settings.size(), config_keys().size());
    for (const auto& entry : parsed.settings)
        EXPECT_EQ(entry.origin, "default") << entry.key;
}

TEST(Parse, EveryDefaultReadsBackAsItself) {
    std::string text;
    for (const auto& key : config_keys())
        text += key.path() + " = " + render_toml(key.show(Config{})) + "\n";
    const auto parsed = parse(text);
    EXPECT_EQ(render_problems(parsed.problems), "");
    const auto defaults = parse_config({});
    for (std::size_t i = 0; i < parsed.settings.size(); ++i) {
        EXPECT_EQ(parsed.settings[i].value, defaults.settings[i].value) << parsed.settings[i].key;
        if (parsed.settings[i].key == "selection.weights") continue;  // comes from the profile
        EXPECT_EQ(parsed.settings[i].origin, "f.toml:" + std::to_string(i + 1));
    }
}

TEST(Parse, ReadsEveryKey) {
    const auto parsed = parse(R"(
mode = "observe"
[schedule]
interval = "1h 30min"
splay = "12.5%"
boot_delay = "0"
[probe]
samples = 8
timeout = "1500ms"
spacing = "0"
max_candidates = 5000
rate = 0.5
families = ["ipv6"]
[discovery]
servers = ["Ntp1.Example", "192.0.2.1", "time.example:1123", "[2001:db8::1]:124"]
pools = ["pool.example"]
region = "asia/in"
regional = false
pool_zone = "2.vendor.pool.ntp.org"
global = false
lists = ["https://example.org/l.txt", "file:///srv/l.txt"]
dhcp = false
srv = false
cloud = false
current = false
[selection]
sources = 3
profile = "custom"
weights = { jitter = 0.5, latency = 0.5 }
half_jitter = "500us"
half_latency = "20ms"
half_stratum = 4.5
min_stratum = 2
max_stratum = 4
min_score = 55
hysteresis = 0
regional_bonus = 0.1
rank_by = "error"
timescale = "smear-24h"
trusted = ["*.Example.org", "192.0.2.0/24"]
whitelist = ["ntp1.example", "2001:DB8::/32"]
blacklist_after = 1
[apply]
service = "chronyd"
policy = "augment"
replace_dhcp = true
edit_files = true
verify_timeout = "90s"
max_changes_per_day = 1
max_backups = 1
allow_auth_downgrade = true
respect_managed = false
chrony_conf = "/tmp/c.conf"
chronyc = "/usr/bin/chronyc -h /run/x/chronyd.sock"
[history]
retention = "7d"
max_size = "1.5MiB"
evidence_retention = "30d"
)");
    ASSERT_EQ(render_problems(parsed.problems), "");
    const auto& c = parsed.config;
    EXPECT_EQ(c.mode, Mode::observe);
    EXPECT_EQ(c.schedule.interval, 90min);
    EXPECT_DOUBLE_EQ(c.schedule.splay, 0.125);
    EXPECT_EQ(c.schedule.boot_delay, 0s);
    EXPECT_EQ(c.probe.samples, 8);
    EXPECT_EQ(c.probe.timeout, 1500ms);
    EXPECT_EQ(c.probe.spacing, 0s);
    EXPECT_EQ(c.probe.max_candidates, 5000);
    EXPECT_DOUBLE_EQ(c.probe.rate, 0.5);
    EXPECT_FALSE(c.probe.ipv4);
    EXPECT_TRUE(c.probe.ipv6);
    ASSERT_EQ(c.discovery.servers.size(), 4U);
    EXPECT_EQ(c.discovery.servers[0].text(), "ntp1.example");
    EXPECT_EQ(c.discovery.servers[2].text(), "time.example:1123");
    EXPECT_EQ(c.discovery.servers[3].text(), "[2001:db8::1]:124");
    EXPECT_EQ(c.discovery.pools.at(0).text(), "pool.example");
    EXPECT_EQ(c.discovery.region, "asia/in");
    EXPECT_EQ(c.discovery.pool_zone, "2.vendor.pool.ntp.org");
    EXPECT_THAT(c.discovery.lists, ElementsAre("https://example.org/l.txt", "file:///srv/l.txt"));
    for (const bool off : {c.discovery.regional, c.discovery.global, c.discovery.dhcp, c.discovery.srv,
                           c.discovery.cloud, c.discovery.current, c.apply.respect_managed})
        EXPECT_FALSE(off);
    EXPECT_EQ(c.selection.sources, 3);
    EXPECT_EQ(c.selection.profile, Profile::custom);
    EXPECT_EQ(c.selection.weights, (Weights{0.5, 0, 0, 0.5}));
    EXPECT_DOUBLE_EQ(c.selection.half_jitter_ms, 0.5);
    EXPECT_DOUBLE_EQ(c.selection.half_latency_ms, 20);
    EXPECT_DOUBLE_EQ(c.selection.half_stratum, 4.5);
    EXPECT_EQ(c.selection.min_stratum, 2);
    EXPECT_EQ(c.selection.max_stratum, 4);
    EXPECT_DOUBLE_EQ(c.selection.min_score, 55);
    EXPECT_DOUBLE_EQ(c.selection.hysteresis, 0);
    EXPECT_DOUBLE_EQ(c.selection.regional_bonus, 0.1);
    EXPECT_EQ(c.selection.rank_by, RankBy::error);
    EXPECT_EQ(c.selection.timescale, Timescale::smear_24h);
    EXPECT_THAT(c.selection.trusted, ElementsAre("*.example.org", "192.0.2.0/24"));
    EXPECT_THAT(c.selection.whitelist, ElementsAre("ntp1.example", "2001:db8::/32"));
    EXPECT_EQ(c.selection.blacklist_after, 1);
    EXPECT_EQ(c.apply.service, "chronyd");
    for (const bool on : {c.apply.augment, c.apply.replace_dhcp, c.apply.edit_files, c.apply.allow_auth_downgrade})
        EXPECT_TRUE(on);
    EXPECT_EQ(c.apply.verify_timeout, 90s);
    EXPECT_EQ(c.apply.max_changes_per_day, 1);
    EXPECT_EQ(c.apply.max_backups, 1);
    EXPECT_EQ(c.apply.chrony_conf, "/tmp/c.conf");
    EXPECT_EQ(c.apply.chronyc, "/usr/bin/chronyc -h /run/x/chronyd.sock");
    EXPECT_EQ(c.history.retention, std::chrono::days(7));
    EXPECT_EQ(c.history.max_size, 1536U * 1024);
    EXPECT_EQ(c.history.evidence_retention, std::chrono::days(30));
}

struct Mistake {
    const char* text;
    const char* problem;
};

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreNamed) {
    EXPECT_THAT(problems_of(GetParam().text), ElementsAre(GetParam().problem));
}

INSTANTIATE_TEST_SUITE_P(
    Parse, Mistakes,
    testing::Values(
        Mistake{"[schedule]\nintervall = '6h'",
                "f.toml:2: schedule.intervall: unknown key; did you mean schedule.interval?"},
        Mistake{"interval = '6h'", "f.toml:1: interval: unknown key; did you mean schedule.interval?"},
        Mistake{"[probe]\n\ninterval = '6h'", "f.toml:3: probe.interval: unknown key; did you mean schedule.interval?"},
        Mistake{"[history]\nzzzzzzzzzz = 1",
                "f.toml:2: history.zzzzzzzzzz: unknown key; known in [history]: retention, max_size, "
                "evidence_retention"},
        Mistake{"[shedule]\ninterval = '6h'", "f.toml:1: shedule: unknown section; did you mean [schedule]?"},
        Mistake{
            "\n[zzzzzzzzzzzz]\nurl = 'x'",
            "f.toml:2: zzzzzzzzzzzz: unknown section; known are schedule, probe, discovery, selection, apply, history, "
            "notify, notify.email, notify.slack, notify.discord, notify.command"},
        Mistake{"[notify.emial]\nto = []", "f.toml:1: notify.emial: unknown key; did you mean notify.email?"},
        Mistake{
            "[notify]\nzzzzzzzzzzzz = 1",
            "f.toml:2: notify.zzzzzzzzzzzz: unknown key; known in [notify]: min_severity, error_bound_limit, webhook, "
            "email, slack, discord, command"},
        Mistake{"schedule = 5", "f.toml:1: schedule: is a section: write [schedule] and its keys below"},
        Mistake{"'ke\\ny' = 1",
                "f.toml:1: ke\\ny: unknown key; known here: mode; sections: schedule, probe, discovery, "
                "selection, apply, history, notify, notify.email, notify.slack, notify.discord, notify.command"},
        Mistake{"mode = 'watch'", "f.toml:1: mode: \"watch\" is not right here: expected one of apply, observe"},
        Mistake{"mode = true", "f.toml:1: mode: true is not right here: expected one of apply, observe"},
        Mistake{"mode = 1979-05-27",
                "f.toml:1: mode: a date or time is not right here: expected one of apply, observe"},
        Mistake{"[schedule]\ninterval = '10min'",
                "f.toml:2: schedule.interval: \"10min\" is out of range: 30min to 365d"},
        Mistake{
            "[schedule]\ninterval = 6",
            "f.toml:2: schedule.interval: 6 is not right here: expected a duration such as \"365d\", 30min to 365d"},
        Mistake{"[schedule]\ninterval = '6'",
                "f.toml:2: schedule.interval: '6' is not a duration: a unit is missing; write "
                "for example 90s, 5min, 6h or 7d"},
        Mistake{"[schedule]\nsplay = '60%'", "f.toml:2: schedule.splay: \"60%\" is out of range: 0% to 50%"},
        Mistake{"[schedule]\nsplay = 0.1",
                "f.toml:2: schedule.splay: 0.1 is not right here: expected a percentage such as "
                "\"50%\", 0% to 50%"},
        Mistake{"[schedule]\nsplay = 'nan%'",
                "f.toml:2: schedule.splay: \"nan%\" is not right here: expected a percentage "
                "such as \"50%\", 0% to 50%"},
        Mistake{"probe.samples = 9", "f.toml:1: probe.samples: 9 is out of range: 1 to 8"},
        Mistake{"probe.samples = 3.0", "f.toml:1: probe.samples: 3.0 is not right here: expected an integer, 1 to 8"},
        Mistake{"probe.max_candidates = 5001", "f.toml:1: probe.max_candidates: 5001 is out of range: 1 to 5000"},
        Mistake{"probe.rate = 0", "f.toml:1: probe.rate: 0 is out of range: 0.01 to 100000"},
        Mistake{"probe.rate = nan", "f.toml:1: probe.rate: null is out of range: 0.01 to 100000"},
        Mistake{
            "probe.families = []",
            "f.toml:1: probe.families: [] is not right here: expected a list of \"ipv4\" and \"ipv6\", at least one"},
        Mistake{"probe.families = ['ipx']",
                "f.toml:1: probe.families: \"ipx\" is not right here: expected a list of \"ipv4\" and \"ipv6\", at "
                "least one"},
        Mistake{"discovery.servers = 'ntp.example'",
                "f.toml:1: discovery.servers: \"ntp.example\" is not right here: "
                "expected a list of servers, such as [\"...\"]"},
        Mistake{"discovery.servers = ['a b']",
                "f.toml:1: discovery.servers: 'a b' is not a host name: labels have 1 to 63 "
                "letters, digits or inner hyphens (RFC 1123)"},
        Mistake{"discovery.servers = ['a\\nb', 3]",
                "f.toml:1: discovery.servers: 'a\\nb' is not a host name: labels have 1 "
                "to 63 letters, digits or inner hyphens (RFC 1123)"},
        Mistake{"discovery.servers = ['239.1.2.3']",
                "f.toml:1: discovery.servers: '239.1.2.3' is a multicast, broadcast or "
                "unspecified address: no server can have it"},
        Mistake{"discovery.region = 'atlantis'",
                "f.toml:1: discovery.region: 'atlantis' does not begin with africa, antarctica, asia, europe, "
                "north-america, "
                "oceania or south-america"},
        Mistake{"discovery.region = 'asia/IN'",
                "f.toml:1: discovery.region: 'asia/IN' does not end with a country code of "
                "two small letters, as in asia/in"},
        Mistake{"discovery.lists = ['http://example.org/']",
                "f.toml:1: discovery.lists: 'http://...' is not an "
                "address of a list: write https://... or file:///..."},
        Mistake{"selection.sources = 0", "f.toml:1: selection.sources: 0 is out of range: 1 to 8"},
        Mistake{"selection.weights = { jitter = 0.5 }",
                "f.toml:1: selection.weights: the weights sum to 0.5, they must sum to 1"},
        Mistake{"selection.weights = { jiter = 1.0 }",
                "f.toml:1: selection.weights: 'jiter' is not a part of the score: they "
                "are jitter, reachability, stratum and latency"},
        Mistake{"selection.weights = { jitter = 2 }", "f.toml:1: selection.weights: jitter: 2 is out of range: 0 to 1"},
        Mistake{"[selection]\nmin_stratum = 5\nmax_stratum = 4",
                "f.toml:2: selection.min_stratum: 5 is more than selection.max_stratum, which is 4"},
        Mistake{"selection.whitelist = ['10.0.0.0/33']",
                "f.toml:1: selection.whitelist: '10.0.0.0/33' is not a pattern: a "
                "prefix length is a number from 0 to 32"},
        Mistake{"selection.trusted = ['*']",
                "f.toml:1: selection.trusted: '*' is not a pattern: write a host name, an "
                "address, ADDRESS/BITS or *.DOMAIN"},
        Mistake{"selection.timescale = 'smear-meta'",
                "f.toml:1: selection.timescale: \"smear-meta\" is not right here: "
                "expected one of utc, smear-24h"},
        Mistake{"apply.chronyc = 'chronyc'",
                "f.toml:1: apply.chronyc: 'chronyc' is not an absolute path of printable characters"},
        Mistake{"apply.verify_timeout = '2h'",
                "f.toml:1: apply.verify_timeout: \"2h\" is out of range: \"auto\", or 1s to 1h"},
        Mistake{"history.max_size = 10",
                "f.toml:1: history.max_size: 10 is not right here: expected a size with a unit KiB, "
                "MiB or GiB, 64KiB to 1GiB"},
        Mistake{"history.max_size = '2GiB'", "f.toml:1: history.max_size: \"2GiB\" is out of range: 64KiB to 1GiB"}));

TEST(Parse, NamesEveryMistakeOfEveryFileInOrder) {
    const auto parsed = parse_config({{"/etc/a.toml", "[schedule]\nsplay = 1\ninterval = '1s'\n[probe]\nrat = 1"},
                                      {"/etc/b.toml", "mode ="},
                                      {"/etc/c.toml", "[probe]\nsamples = 0"}});
    std::vector<std::string> where;
    for (const auto& problem : parsed.problems)
        where.push_back(problem.file + ':' + std::to_string(problem.line) + ' ' + problem.key);
    EXPECT_THAT(where, ElementsAre("/etc/a.toml:2 schedule.splay", "/etc/a.toml:3 schedule.interval",
                                   "/etc/a.toml:5 probe.rat", "/etc/b.toml:1 ", "/etc/c.toml:2 probe.samples"));
    EXPECT_THAT(parsed.problems[3].text(), testing::StartsWith("/etc/b.toml:1: "));
}

TEST(Parse, BoundsTheNumberOfProblems) {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "key" + std::to_string(i) + " = 1\n";
    EXPECT_EQ(parse(text).problems.size(), kMaxConfigProblems);
}

TEST(Parse, LaterDocumentsWinKeyByKeyAndArraysReplace) {
    const auto parsed = parse_config(
        {{"main", "[probe]\nsamples = 5\ntimeout = '1s'\n[discovery]\nservers = ['a.example', 'b.example']"},
         {"drop-in", "[probe]\nsamples = 6\n[discovery]\nservers = ['c.example']"}});
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.config.probe.samples, 6);
    EXPECT_EQ(parsed.config.probe.timeout, 1s);
    ASSERT_EQ(parsed.config.discovery.servers.size(), 1U);
    EXPECT_EQ(setting(parsed, "probe.samples").origin, "drop-in:2");
    EXPECT_EQ(setting(parsed, "probe.timeout").origin, "main:3");
    EXPECT_EQ(setting(parsed, "probe.rate").origin, "default");
    EXPECT_EQ(setting(parsed, "discovery.servers").value, Json::array({"c.example"}));
}

TEST(Parse, WeightsCountOnlyWithTheCustomProfile) {
    const std::string weights =
        "selection.weights = { jitter = 0.25, reachability = 0.25, stratum = 0.25, latency = 0.25 }\n";
    EXPECT_EQ(parse(weights).config.selection.weights, Weights{});
    EXPECT_EQ(parse(weights + "selection.profile = 'latency'").config.selection.weights, (Weights{0.2, 0.1, 0.1, 0.6}));
    EXPECT_EQ(parse(weights + "selection.profile = 'custom'").config.selection.weights,
              (Weights{0.25, 0.25, 0.25, 0.25}));
    EXPECT_EQ(setting(parse("\nselection.profile = 'latency'"), "selection.weights").origin, "f.toml:2");
}

TEST(Parse, OverridesWinAndSayThatTheyDo) {
    const auto parsed = parse_config({{"main", "schedule.interval = '12h'"}}, {{"schedule.interval", "2h"}});
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.config.schedule.interval, 2h);
    EXPECT_EQ(setting(parsed, "schedule.interval").origin, "override");
    const auto damaged = parse_config({}, {{"schedule.interval", 7}, {"x", 1}});
    ASSERT_EQ(damaged.problems.size(), 2U);
    EXPECT_EQ(damaged.problems[0].file, "override");
    EXPECT_EQ(damaged.problems[1].key, "x");
}

TEST(Parse, NamesAMistakeWithoutTheSecretInIt) {
    for (const auto* text :
         {"discovery.lists = 'https://user:secret@h.example/'", "discovery.lists = ['http://user:secret@h.example/']",
          "notify.slack.url_file = ['https://hooks.example/secret']"}) {
        const auto parsed = parse_config({{"f.toml", text}});
        ASSERT_EQ(parsed.problems.size(), 1U) << text;
        EXPECT_THAT(parsed.problems[0].text(), testing::Not(testing::HasSubstr("secret"))) << text;
    }
}

TEST(Parse, ShowsTheConfigurationWithoutSecrets) {
    const auto shown = render_config(parse("discovery.lists = ['https://user:pw@h.example/p?token=1#x']").settings);
    EXPECT_EQ(shown["discovery.lists"]["value"], Json::array({"https://h.example/p"}));
    EXPECT_EQ(shown["discovery.lists"]["origin"], "f.toml:1");
    EXPECT_EQ(shown["schedule.interval"]["value"], "6h");
    EXPECT_EQ(shown["history.max_size"]["value"], "10MiB");
}

}  // namespace
}  // namespace ntpopt
