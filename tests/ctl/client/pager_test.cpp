// Long output goes through a pager, on a terminal only, and which one is the user's choice.

#include <filesystem>
#include <fstream>

#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Pager : public Client {
  protected:
    Pager() { whole(control); }
    /// Output of more lines than the terminal has.
    std::string shown(const std::map<std::string, std::string>& environment, unsigned short rows = 5,
                      std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"config"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const auto ended = run_on_terminal(arguments, environment, {100, rows});
        EXPECT_EQ(ended.code, 0);
        return ended.out;
    }
    static constexpr const char* kMark = "echo PAGED; cat";
};

TEST_F(Pager, OursComesBeforeEverybodys) {
    EXPECT_THAT(shown({{"PAGER", kMark}}), HasSubstr("PAGED"));
    EXPECT_THAT(shown({{"PAGER", kMark}, {"NTPOPT_PAGER", "cat"}}), Not(HasSubstr("PAGED")));
    EXPECT_THAT(shown({{"PAGER", "cat"}, {"NTPOPT_PAGER", kMark}}), HasSubstr("PAGED"));
    EXPECT_THAT(shown({{"PAGER", kMark}, {"NTPOPT_PAGER", ""}}), Not(HasSubstr("PAGED")));
}

TEST_F(Pager, IsForWhatDoesNotFit) {
    EXPECT_THAT(shown({{"PAGER", kMark}}, 100), Not(HasSubstr("PAGED")));
    EXPECT_THAT(shown({{"PAGER", kMark}}, 5, {"--no-pager"}), Not(HasSubstr("PAGED")));
    EXPECT_THAT(run({"config"}, {{"PAGER", kMark}}).out, Not(HasSubstr("PAGED")));
}

TEST_F(Pager, OneThatIsNotThereIsDoneWithout) {
    EXPECT_THAT(shown({{"PAGER", "/nonexistent/pager"}}), HasSubstr("mode = "));
}

TEST_F(Pager, LessIsToldHowToBehave) {
    EXPECT_THAT(shown({{"PAGER", "echo \"with $LESS\"; cat"}}), HasSubstr("with FRSXMK"));
    EXPECT_THAT(shown({{"PAGER", "echo \"with $LESS\"; cat"}, {"LESS", "R"}}), HasSubstr("with R"));
    EXPECT_THAT(shown({{"PAGER", "echo \"in $LESSCHARSET\"; cat"}, {"LC_ALL", "C.UTF-8"}}), HasSubstr("in utf-8"));
}

// "sudo ntpoptctl config" gave a shell of root by "!sh" in the pager.
TEST_F(Pager, BorrowedRightsAreNotLentOut) {
    const Scratch folder;
    const auto less = folder.file("less");
    std::ofstream(less) << "#!/bin/sh\necho \"secure $LESSSECURE\"; cat\n";
    std::filesystem::permissions(less, std::filesystem::perms::owner_all);
    const auto path = folder.path() + ":" + std::getenv("PATH");
    for (const auto* variable : {"SUDO_UID", "PKEXEC_UID", "DOAS_USER"}) {
        const auto text = shown({{"PAGER", kMark}, {"NTPOPT_PAGER", kMark}, {"PATH", path}, {variable, "1000"}});
        EXPECT_THAT(text, Not(HasSubstr("PAGED"))) << variable;
        EXPECT_THAT(text, HasSubstr("secure 1")) << variable;
        EXPECT_THAT(shown({{"NTPOPT_PAGER", "cat"}, {"PATH", path}, {variable, "1000"}}), Not(HasSubstr("secure")));
    }
}

// A pager that was left before the end of a long text ended ntpoptctl by SIGPIPE.
TEST_F(Pager, WhoLeavesBeforeTheEndHasReadEnough) {
    for (int i = 0; i < 20'000; ++i)
        control.blacklist_document.push_back({{"server", "s" + std::to_string(i) + ".example"}, {"by_hand", true}});
    const auto ended = run_on_terminal({"blacklist"}, {{"PAGER", "true"}}, {100, 5});
    EXPECT_EQ(ended.code, 0);
}

}  // namespace
}  // namespace ntpopt::test
