// Every verb's text, JSON, errors and exit code, word for word, in golden/. NTPOPT_UPDATE_GOLDEN=1 writes them anew.
#include "tests/golden.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"

namespace ntpopt::test {
namespace {

struct Case {
    const char* name;
    std::vector<std::string> arguments;
    void (*prepare)(FakeControl&) = [](FakeControl&) {};

    std::map<std::string, std::string> environment = {};
    Access access = Access::allowed;
};

/// Somebody answers with what a terminal must not see.
void hostile(FakeControl& control) {
    whole(control);
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
        {"servers_json", {"servers", "--json"}, of_round},
        {"servers_hostile", {"servers", "--all"}, hostile},
        {"servers_none", {"servers"}, [](FakeControl& c) { c.server_list = Json::array(); }},
        {"interval", {"interval"}},
        {"interval_json", {"interval", "--json"}},
        {"interval_set", {"interval", "2h"}},
        {"interval_default", {"interval", "default"}},
        {"interval_zero", {"interval", "0s"}},
        {"interval_too_short",
         {"interval", "1min"},
         [](FakeControl& c) {
             c.failure = Error{Errc::invalid_argument, "the interval is at least 30min"};
         }},
        {"config", {"config"}, whole},
        {"config_json", {"config", "--json"}, whole},
        {"blacklist", {"blacklist"}, whole},
        {"blacklist_json", {"blacklist", "list", "--json"}, whole},
        {"blacklist_add", {"blacklist", "add", "Bad.Example", "--for", "7d"}, whole},
        {"blacklist_remove_unknown",
         {"blacklist", "remove", "x.example"},
         [](FakeControl& c) {
             c.failure = Error{Errc::not_found, "x.example is not blacklisted"};
         }},
        {"blacklist_bad_name", {"blacklist", "add", "a b"}},
        {"history", {"history"}, whole},
        {"history_json", {"history", "--json"}, whole},
        {"history_server", {"history", "ntp1.example"}, whole},
        {"history_json_in_pages",
         {"history", "--json"},
         [](FakeControl& c) {
             whole(c);
             c.rounds_of_an_answer = 1;
         }},
        {"history_hostile",
         {"history", "--json", "--limit", "1"},
         [](FakeControl& c) {
             whole(c);
             c.history_document = {{{"timestamp", "2026-01-01T00:00:00.000Z"}, {"region", "\x7f[2J"}}};
         }},
        {"history_csv", {"history", "--csv"}, whole},
        {"history_trace", {"history", "--trace", "--limit", "5"}, whole},
        {"explain", {"explain", "liar.example"}, whole},
        {"explain_json", {"explain", "liar.example", "--json"}, whole},
        {"explain_round", {"explain"}, of_round},
        {"explain_round_json", {"explain", "--json"}, of_round},
        {"report", {"report", "--from", "2026-01-01"}, with_evidence, {{"SOURCE_DATE_EPOCH", "1767312000"}}},
        {"report_json", {"report", "--from", "2026-01-01", "--to", "2026-01-01T10:00:00Z", "--json"}, with_evidence},
        {"report_in_pages",
         {"report", "--from", "2026-01-01", "--json"},
         [](FakeControl& c) {
             with_evidence(c);
             c.entries_of_an_answer = 4;
         },
         {{"SOURCE_DATE_EPOCH", "1767312000"}}},
        {"report_none", {"report"}, [](FakeControl&) {}, {{"SOURCE_DATE_EPOCH", "1767312000"}}},
        {"report_hostile",
         {"report", "--from", "2026-01-01"},
         [](FakeControl& c) {
             with_evidence(c);
             c.evidence_document = {{{"seq", std::uint64_t{1}},
                                     {"kind", "alarm\x1b[2J"},
                                     {"timestamp", "\x07"},
                                     {"body", "{\"what\":\"\x7f\\u001b[2J\"}"}},
                                    {{"seq", std::uint64_t{2}}, {"kind", "alarm"}, {"body", "no JSON"}},
                                    {{"seq", std::uint64_t{3}}, {"kind", "other"}, {"body", "{\"a\":\"\\u009b\"}"}}};
         },
         {{"SOURCE_DATE_EPOCH", "1767312000"}}},
        {"report_verify", {"report", "--verify"}, with_evidence},
        {"report_verify_json", {"report", "--verify", "--json"}, with_evidence},
        {"report_verify_fault", {"report", "--verify"}, with_damaged_evidence},
        {"notify_test",
         {"notify", "test"},
         [](FakeControl& c) {
             c.notice_results = {
                 {{"channel", "email"},
                  {"ok", true},
                  {"detail", "mail.test did not take it for gone@host.test (550 no\x1b)"}},
                 {{"channel", "slack"}, {"ok", true}, {"detail", ""}},
                 {{"channel", "webhook2"}, {"ok", false}, {"detail", "the server answered with status 404"}}};
         }},
        {"notify_test_json",
         {"notify", "test", "slack", "--json"},
         [](FakeControl& c) {
             c.notice_results = {{{"channel", "slack"}, {"ok", true}, {"detail", ""}}};
         }},
        {"notify_test_unknown",
         {"notify", "test", "pager"},
         [](FakeControl& c) {
             c.failure = Error{Errc::not_found, "no channel pager is configured in [notify]"};
         }},
        {"usage_notify", {"notify"}},
        {"usage_blacklist_add", {"blacklist", "add"}},
        {"usage_bad_time", {"report", "--from", "yesterday"}},
        {"usage_journal_without_verify", {"report", "--journal"}},
        {"rollback", {"rollback"}, [](FakeControl& c) { c.runs[7]["outcome"] = "applied"; }},
        {"rollback_unproven",
         {"rollback"},
         [](FakeControl& c) {
             c.runs[7]["outcome"] = "rolled_back";
             c.runs[7]["reason"] = "none of the servers answered within 40 s";
         }},
        {"rollback_list", {"rollback", "--list"}, whole},
        {"rollback_to_nothing",
         {"rollback", "--json"},
         [](FakeControl& c) {
             c.failure = Error{Errc::not_found, "ntpopt has changed nothing yet"};
         }},
        {"metrics", {"metrics"}, counted},
        {"metrics_json", {"metrics", "--json"}, counted},
        {"reoptimize_no_wait", {"reoptimize", "--no-wait", "--json"}},
        {"reoptimize_json", {"reoptimize", "--json"}, [](FakeControl& c) { ends_with(c, "applied"); }},
        {"reoptimize_applied", {"reoptimize"}, [](FakeControl& c) { ends_with(c, "applied"); }},
        {"reoptimize_dry_run", {"reoptimize", "--dry-run"}, [](FakeControl& c) { ends_with(c, "would_apply"); }},
        {"reoptimize_no_consensus", {"reoptimize"}, [](FakeControl& c) { ends_with(c, "no_consensus"); }},
        {"reoptimize_none_usable", {"reoptimize", "--json"}, [](FakeControl& c) { ends_with(c, "no_usable_servers"); }},
        {"reoptimize_rolled_back", {"reoptimize"}, [](FakeControl& c) { ends_with(c, "rolled_back"); }},
        {"reoptimize_refused", {"reoptimize"}, [](FakeControl& c) { ends_with(c, "refused"); }},
        {"reoptimize_busy",
         {"reoptimize"},
         [](FakeControl& c) {
             c.failure = Error{Errc::busy, "a round with other options runs"};
         }},
        {"not_authorised", {"reoptimize"}, [](FakeControl&) {}, {}, Access::denied},
        {"not_authenticated", {"interval", "1h"}, [](FakeControl&) {}, {}, Access::password},
        {"usage_unknown_verb", {"serves"}},
        {"usage_unknown_option", {"servers", "--every"}},
        {"usage_bad_duration", {"blacklist", "add", "a.example", "--for", "7"}},
        {"usage_two_ways_back", {"rollback", "--list", "--original"}},
        {"usage_two_documents", {"metrics", "--json", "--http"}},
        {"usage_json_of_a_trace", {"history", "--json", "--trace"}},
        {"usage_json_of_csv", {"history", "--json", "--csv"}},
        {"help", {"--help"}},
        {"help_of_a_verb", {"history", "--help"}},
        {"version", {"--version"}},
    };
    return kCases;
}

class Golden : public Client, public testing::WithParamInterface<std::size_t> {};

TEST_P(Golden, IsWordForWord) {
    const auto& given = cases()[GetParam()];
    given.prepare(control);
    doorman.access = given.access;
    const auto ended = run(given.arguments, given.environment);
    std::string text = "$ ntpoptctl";
    for (const auto& argument : given.arguments)
        text += argument.find(' ') == std::string::npos ? " " + argument : " '" + argument + "'";
    text += "\n" + ended.out + (ended.err.empty() ? "" : "--- stderr\n" + ended.err) + "--- exit " +
            std::to_string(ended.code) + "\n";
    for (const auto& told : control.told)
        text += "--- told " + told + "\n";
    expect_golden(std::string(NTPOPT_GOLDEN) + "/" + given.name + ".txt", text);
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
                                                                  {"report"},
                                                                  {"report", "--verify"},
                                                                  {"notify", "test"},
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

/// Scripts rely on them, so each is in a golden file.
TEST(ExitCodes, EachIsShownInAGoldenFile) {
    std::set<std::string> shown;
    for (const auto& entry : std::filesystem::directory_iterator(NTPOPT_GOLDEN)) {
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);)
            if (line.starts_with("--- exit ")) shown.insert(line.substr(9));
    }
    EXPECT_EQ(shown, (std::set<std::string>{"0", "1", "2", "4", "5", "6"})) << "3 is shown by WithoutADaemon...";
}

TEST_F(Client, WithoutABusTheExitCodeIsThree) {
    const auto ended = run({"status"}, {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/socket"}});
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: cannot reach the system bus"));
}

TEST_F(Client, ColoursAreForTerminalsOnly) {
    whole(control);
    EXPECT_THAT(run_on_terminal({"servers"}).out, testing::HasSubstr("\x1b[32mchosen\x1b[0m"));
    EXPECT_THAT(run_on_terminal({"servers", "--no-color"}).out, testing::Not(testing::HasSubstr("\x1b[")));
    EXPECT_THAT(run_on_terminal({"servers"}, {{"NO_COLOR", "1"}}).out, testing::Not(testing::HasSubstr("\x1b[")));
    EXPECT_THAT(run({"servers"}).out, testing::Not(testing::HasSubstr("\x1b[")));
}

TEST_F(Client, ATableFitsTheTerminal) {
    whole(control);
    control.server_list[2]["name"] = std::string(60, 'n') + ".example";
    control.server_list[2]["reason"] = std::string(300, 'r');
    std::stringstream out(run_on_terminal({"servers", "--no-color"}).out);
    for (std::string line; std::getline(out, line);)
        EXPECT_LE(line.size(), 101U) << line;
}

}  // namespace
}  // namespace ntpopt::test
