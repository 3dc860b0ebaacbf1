// What people see on terminals of 60, 80 and 120 columns, with and without colours, in UTF-8 and in plain ASCII, word
// for word, in looks/. NTPOPT_UPDATE_GOLDEN=1 writes them anew. In the files \e stands for the escape character.
#include <array>
#include <sstream>

#include "ctl/layout.hpp"
#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"
#include "tests/golden.hpp"

namespace ntpopt::test {
namespace {

struct Look {
    const char* name;
    std::vector<std::string> arguments;
    void (*prepare)(FakeControl&);
    bool fits = true;  ///< else it has lines that are not broken: TOML, a hash, and sentences of errors
};

void ends(FakeControl& control, const char* outcome) {
    control.on_reoptimize = [&control, outcome](bool) {
        control.runs[8] = sample_report(8, outcome);
        return std::uint64_t{8};
    };
}

void tells_in_part(FakeControl& control) {
    control.notice_results = {
        {{"channel", "email"},
         {"ok", true},
         {"detail", "mail.example did not take it for gone@host.example (550 5.1.1 there is no such mailbox here)"}},
        {{"channel", "slack"}, {"ok", true}, {"detail", ""}},
        {{"channel", "webhook2"}, {"ok", false}, {"detail", "the server answered with status 404"}}};
}

const std::vector<Look>& looks() {
    static const std::vector<Look> kLooks{
        {"status", {"status"}, whole},
        {"status_unsynchronised", {"status"}, unsynchronised},
        {"servers", {"servers"}, whole},
        {"explain", {"explain", "liar.example"}, whole},
        {"explain_round", {"explain"}, of_round},
        {"history", {"history"}, whole},
        {"history_server", {"history", "ntp1.example"}, whole},
        {"blacklist", {"blacklist"}, whole},
        {"reoptimize", {"reoptimize"}, [](FakeControl& c) { ends(c, "applied"); }},
        {"reoptimize_dry_run", {"reoptimize", "--dry-run"}, [](FakeControl& c) { ends(c, "would_apply"); }},
        {"reoptimize_rolled_back", {"reoptimize"}, [](FakeControl& c) { ends(c, "rolled_back"); }, false},
        {"report", {"report", "--from", "2026-01-01"}, with_evidence},
        {"report_verify", {"report", "--verify"}, with_evidence, false},
        {"report_verify_fault", {"report", "--verify"}, with_damaged_evidence, false},
        {"config", {"config"}, whole, false},
        {"rollback_list", {"rollback", "--list"}, whole},
        {"notify_test", {"notify", "test"}, tells_in_part},
    };
    return kLooks;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
}

/// The widest line in columns, without what is no character.
std::size_t widest(const std::string& text) {
    std::size_t most = 0;
    std::stringstream all(text);
    for (std::string line; std::getline(all, line);) {
        for (std::size_t at; (at = line.find('\x1b')) != std::string::npos;)
            line.erase(at, line.find('m', at) - at + 1);
        most = std::max(most, ctl::columns_of(line));
    }
    return most;
}

class Looks : public Client, public testing::WithParamInterface<std::size_t> {};

TEST_P(Looks, AreWordForWordAndFit) {
    const auto& look = looks()[GetParam()];
    look.prepare(control);
    std::string text;
    for (const auto columns : std::array<unsigned short, 3>{60, 80, 120}) {
        for (const bool colour : {false, true}) {
            for (const std::string locale : {"C", "C.UTF-8"}) {
                auto arguments = look.arguments;
                if (!colour) arguments.emplace_back("--no-color");
                // 2026-01-02 05:09:05, two hours and five minutes after the round of the samples.
                auto out =
                    run_on_terminal(arguments, {{"LC_ALL", locale}, {"SOURCE_DATE_EPOCH", "1767330545"}}, {columns, 50})
                        .out;
                replace_all(out, "\r\n", "\n");
                EXPECT_TRUE(!look.fits || widest(out) <= columns) << look.name << "\n" << out;
                EXPECT_EQ(out.find('\x1b') == std::string::npos, !colour);
                EXPECT_TRUE(locale != "C" || ctl::columns_of(out) == out.size()) << "more than ASCII";
                replace_all(out, "\x1b", "\\e");
                text += "==== " + std::to_string(columns) + " columns, " + (colour ? "colour" : "no colour") + ", " +
                        locale + "\n" + out;
            }
        }
    }
    expect_golden(std::string(NTPOPT_LOOKS) + "/" + look.name + ".txt", text);
}

INSTANTIATE_TEST_SUITE_P(Verbs, Looks, testing::Range(std::size_t{0}, looks().size()),
                         [](const auto& given) { return std::string(looks()[given.param].name); });

TEST_F(Client, ADumbTerminalGetsNoEscapes) {
    whole(control);
    const auto out = run_on_terminal({"servers"}, {{"TERM", "dumb"}}).out;
    EXPECT_THAT(out, testing::Not(testing::HasSubstr("\x1b")));
    EXPECT_THAT(out, testing::HasSubstr("ntp1.example"));
}

}  // namespace
}  // namespace ntpopt::test
