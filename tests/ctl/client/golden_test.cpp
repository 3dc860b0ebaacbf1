// Every verb's text, JSON, errors and exit code, word for word, in golden/. NTPOPT_UPDATE_GOLDEN=1 writes them anew.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/ctl/client/client_fixture.hpp"

namespace ntpopt::test {
namespace {

struct Case {
    const char* name;
    std::vector<std::string> arguments;
    void (*prepare)(FakeControl&, Doorman&) = [](FakeControl&, Doorman&) {};
    std::map<std::string, std::string> environment = {};
};

void whole(FakeControl& control, Doorman&) {
    auto run = sample_report(7, "applied");
    run.erase("servers");
    run.erase("diff");
    control.status_document = {
        {"state", "idle"},
        {"mode", "apply"},
        {"service", {{"name", "chronyd"}, {"unit", "chrony.service"}, {"version", "4.3"}, {"active", true}}},
        {"synchronised", true},
        {"clock_error_bound_ms", 1.5},
        {"selected", {"ntp1.example", "ntp2.example:1123"}},
        {"confidence", "high"},
        {"interval_s", 21600},
        {"last_run", run},
        {"next_run", "2026-01-02T09:04:05.000Z"},
        {"alarms", Json::array()},
        {"kept",
         {{{"transaction", 3}, {"timestamp", "2026-01-01T00:00:00.000Z"}, {"selected", {"old.example"}}},
          {{"original", true}}}}};
    control.properties.last_run_usec = 1'767'323'045'000'000;
    control.config_document = {
        {"mode", {{"value", "apply"}, {"origin", "/etc/ntpopt/ntpopt.toml:3"}}},
        {"schedule.interval", {{"value", "2h"}, {"origin", "override"}}},
        {"schedule.splay", {{"value", "10%"}, {"origin", "default"}}},
        {"discovery.lists", {{"value", {"https://lists.example/ntp.json"}}, {"origin", "default"}}},
        {"selection.weights", {{"value", {{"jitter", 0.35}, {"latency", 0.1}}}, {"origin", "default"}}}};
    control.blacklist_document = {{{"server", "bad.example"},
                                   {"until", "2026-01-03T03:04:05.000Z"},
                                   {"reason", "failed 3 rounds in a row"},
                                   {"by_hand", false}},
                                  {{"server", "worse.example"}, {"until", nullptr}, {"by_hand", true}}};
    Json row{{"hostname", "ntp1.example"}, {"offset", 0.12}, {"jitter", 0.3},      {"stratum", 2},
             {"reachability", 100.0},      {"score", 94.1},  {"verdict", "chosen"}};
    control.history_document = {{{"timestamp", "2026-01-01T00:00:00.000Z"},
                                 {"region", "asia"},
                                 {"servers", {row}},
                                 {"outcome", "applied"},
                                 {"confidence", "high"},
                                 {"selected", {"ntp1.example"}},
                                 {"asked", 20},
                                 {"score", 94.1},
                                 {"line", R"({"time_s":0.0})"}},
                                {{"timestamp", "2026-01-01T06:00:00.000Z"},
                                 {"region", "a,\"b"},
                                 {"servers", Json::array()},
                                 {"outcome", "no_consensus"},
                                 {"confidence", "none"},
                                 {"selected", Json::array()},
                                 {"asked", 0},
                                 {"line", R"({"time_s":21600.0})"}}};
    control.explanation = {
        {"server", control.server_list[2]},
        {"sentences", {"3 of 3 requests were answered.", "It is 50.0 ms off the others, allowed are 1.2 ms."}},
        {"counterfactuals",
         {{{"figure", "jitter"}, {"unit", "ms"}, {"value", 0.25}, {"actual", 3.0}},
          {{"figure", "reachability"}, {"unit", "%"}, {"value", 90.0}, {"actual", 66.7}}}}};
}

void of_round(FakeControl& control, Doorman&) {
    control.explanation = sample_report(7, "applied");
    control.explanation.erase("servers");
    control.explanation.erase("diff");
    control.explanation["sentences"] = {"4 candidates were asked.", "3 agree."};
}

void unsynchronised(FakeControl& control, Doorman& doorman) {
    whole(control, doorman);
    control.status_document["synchronised"] = false;
    control.status_document["confidence"] = "none";
    control.status_document["selected"] = Json::array();
    control.status_document["state"] = "probe";
    control.status_document["alarms"] = {"no server answers"};
    for (const auto* key : {"clock_error_bound_ms", "last_run", "next_run"})
        control.status_document.erase(key);
}

/// Somebody answers with what a terminal must not see.
void hostile(FakeControl& control, Doorman& doorman) {
    whole(control, doorman);
    control.server_list[0]["reason"] = "evil \x1b[2J\x07";
    control.server_list[2]["name"] = "a\nb";
    control.server_list[2]["reason"] = std::string("\xff\xfe\x1b]0;x", 7);
}

void ends_with(FakeControl& control, const char* outcome) {
    control.on_reoptimize = [&control, outcome](bool) {
        control.runs[8] = sample_report(8, outcome);
        return std::uint64_t{8};
    };
}

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        {"status", {}, whole},
        {"status_json", {"status", "--json"}, whole},
        {"status_unsynchronised", {"status"}, unsynchronised},
        {"status_unsynchronised_json", {"--json", "status"}, unsynchronised},
        {"servers", {"servers"}, whole},
        {"servers_narrow", {"servers"}, whole, {{"COLUMNS", "80"}}},
        {"servers_json", {"servers", "--json"}, whole},
        {"servers_hostile", {"servers", "--all"}, hostile},
        {"servers_none", {"servers"}, [](FakeControl& c, Doorman&) { c.server_list = Json::array(); }},
        {"interval", {"interval"}},
        {"interval_json", {"interval", "--json"}},
        {"interval_set", {"interval", "2h"}},
        {"interval_too_short",
         {"interval", "1min"},
         [](FakeControl& c, Doorman&) {
             c.failure = Error{Errc::invalid_argument, "the interval is at least 30min"};
         }},
        {"config", {"config"}, whole},
        {"config_json", {"config", "--json"}, whole},
        {"blacklist", {"blacklist"}, whole},
        {"blacklist_json", {"blacklist", "list", "--json"}, whole},
        {"blacklist_add", {"blacklist", "add", "Bad.Example", "--for", "7d"}, whole},
        {"blacklist_remove_unknown",
         {"blacklist", "remove", "x.example"},
         [](FakeControl& c, Doorman&) {
             c.failure = Error{Errc::not_found, "x.example is not blacklisted"};
         }},
        {"blacklist_bad_name", {"blacklist", "add", "a b"}},
        {"history", {"history"}, whole},
        {"history_json", {"history", "--json"}, whole},
        {"history_server", {"history", "ntp1.example"}, whole},
        {"history_json_in_pages",
         {"history", "--json"},
         [](FakeControl& c, Doorman& d) {
             whole(c, d);
             c.rounds_of_an_answer = 1;
         }},
        {"history_hostile",
         {"history", "--json", "--limit", "1"},
         [](FakeControl& c, Doorman& d) {
             whole(c, d);
             c.history_document = {{{"timestamp", "2026-01-01T00:00:00.000Z"}, {"region", "\x7f[2J"}}};
         }},
        {"history_csv", {"history", "--csv"}, whole},
        {"history_trace", {"history", "--trace", "--limit", "5"}, whole},
        {"explain", {"explain", "liar.example"}, whole},
        {"explain_json", {"explain", "liar.example", "--json"}, whole},
        {"explain_round", {"explain"}, of_round},
        {"explain_round_json", {"explain", "--json"}, of_round},
        {"rollback", {"rollback"}, [](FakeControl& c, Doorman&) { c.runs[7]["outcome"] = "rolled_back"; }},
        {"rollback_list", {"rollback", "--list"}, whole},
        {"reoptimize_no_wait", {"reoptimize", "--no-wait", "--json"}},
        {"reoptimize_json", {"reoptimize", "--json"}, [](FakeControl& c, Doorman&) { ends_with(c, "applied"); }},
        {"reoptimize_applied", {"reoptimize"}, [](FakeControl& c, Doorman&) { ends_with(c, "applied"); }},
        {"reoptimize_dry_run",
         {"reoptimize", "--dry-run"},
         [](FakeControl& c, Doorman&) { ends_with(c, "would_apply"); }},
        {"reoptimize_no_consensus", {"reoptimize"}, [](FakeControl& c, Doorman&) { ends_with(c, "no_consensus"); }},
        {"reoptimize_none_usable",
         {"reoptimize", "--json"},
         [](FakeControl& c, Doorman&) { ends_with(c, "no_usable_servers"); }},
        {"reoptimize_rolled_back", {"reoptimize"}, [](FakeControl& c, Doorman&) { ends_with(c, "rolled_back"); }},
        {"reoptimize_refused", {"reoptimize"}, [](FakeControl& c, Doorman&) { ends_with(c, "refused"); }},
        {"reoptimize_busy",
         {"reoptimize"},
         [](FakeControl& c, Doorman&) {
             c.failure = Error{Errc::busy, "a round with other options runs"};
         }},
        {"not_authorised", {"reoptimize"}, [](FakeControl&, Doorman& d) { d.allows = false; }},
        {"usage_unknown_verb", {"serves"}},
        {"usage_unknown_option", {"servers", "--every"}},
        {"usage_bad_duration", {"blacklist", "add", "a.example", "--for", "7"}},
        {"usage_two_ways_back", {"rollback", "--list", "--original"}},
        {"help", {"--help"}},
        {"help_of_a_verb", {"history", "--help"}},
        {"version", {"--version"}},
    };
    return kCases;
}

class Golden : public Client, public testing::WithParamInterface<std::size_t> {};

TEST_P(Golden, IsWordForWord) {
    const auto& given = cases()[GetParam()];
    given.prepare(control, doorman);
    const auto ended = run(given.arguments, given.environment);
    std::string text = "$ ntpoptctl";
    for (const auto& argument : given.arguments)
        text += argument.find(' ') == std::string::npos ? " " + argument : " '" + argument + "'";
    text += "\n" + ended.out + (ended.err.empty() ? "" : "--- stderr\n" + ended.err) + "--- exit " +
            std::to_string(ended.code) + "\n";
    for (const auto& told : control.told)
        text += "--- told " + told + "\n";
    const auto path = std::string(NTPOPT_GOLDEN) + "/" + given.name + ".txt";
    if (std::getenv("NTPOPT_UPDATE_GOLDEN")) std::ofstream(path) << text;
    std::ifstream file(path);
    std::stringstream golden;
    golden << file.rdbuf();
    EXPECT_EQ(text, golden.str()) << path;
}

INSTANTIATE_TEST_SUITE_P(Verbs, Golden, testing::Range(std::size_t{0}, cases().size()),
                         [](const auto& given) { return std::string(cases()[given.param].name); });

TEST_F(Client, WithoutADaemonEveryVerbSaysSo) {
    daemon.reset();
    for (const auto& verb : std::vector<std::vector<std::string>>{{"status"},
                                                                  {"servers"},
                                                                  {"reoptimize"},
                                                                  {"interval"},
                                                                  {"config"},
                                                                  {"monitor"},
                                                                  {"history"},
                                                                  {"blacklist"},
                                                                  {"explain"}}) {
        const auto ended = run(verb);
        EXPECT_EQ(ended.code, 3) << verb.front();
        EXPECT_EQ(ended.out, "") << verb.front();
        EXPECT_EQ(
            ended.err,
            "ntpoptctl: ntpoptd does not run\nStart it with 'systemctl start ntpoptd', and see 'journalctl -u ntpoptd' "
            "for why it does not run.\n");
    }
}

TEST_F(Client, WithoutABusTheExitCodeIsThree) {
    const auto ended = run({"status"}, {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/socket"}});
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: cannot reach the system bus"));
}

TEST_F(Client, ColoursAreForTerminalsOnly) {
    whole(control, doorman);
    EXPECT_THAT(run_on_terminal({"servers"}).out, testing::HasSubstr("\x1b[32mchosen\x1b[0m"));
    EXPECT_THAT(run_on_terminal({"servers", "--no-color"}).out, testing::Not(testing::HasSubstr("\x1b[")));
    EXPECT_THAT(run_on_terminal({"servers"}, {{"NO_COLOR", "1"}}).out, testing::Not(testing::HasSubstr("\x1b[")));
    EXPECT_THAT(run({"servers"}).out, testing::Not(testing::HasSubstr("\x1b[")));
}

TEST_F(Client, ATableFitsTheTerminal) {
    whole(control, doorman);
    control.server_list[2]["name"] = std::string(60, 'n') + ".example";
    control.server_list[2]["reason"] = std::string(300, 'r');
    std::stringstream out(run_on_terminal({"servers", "--no-color"}).out);
    for (std::string line; std::getline(out, line);)
        EXPECT_LE(line.size(), 101U) << line;
}

}  // namespace
}  // namespace ntpopt::test
