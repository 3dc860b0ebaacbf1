// Who is asked for a password: only who sits at a terminal and did not forbid it; and the agent by which polkit asks.
#include <filesystem>
#include <fstream>

#include "tests/ctl/client/client_fixture.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

class Password : public Client {
  protected:
    Password() { doorman.access = Access::password; }
};

TEST_F(Password, IsAskedForOnATerminal) {
    EXPECT_EQ(run_on_terminal({"interval", "2h"}).code, 0);
    EXPECT_THAT(control.told, testing::Contains("interval 2h"));
}

TEST_F(Password, IsNotAskedForWhereThatIsNotWanted) {
    const auto ended = run_on_terminal({"--no-ask-password", "interval", "2h"});
    EXPECT_EQ(ended.code, 4);
    EXPECT_THAT(ended.out, testing::HasSubstr("interactive authentication required"));
    EXPECT_TRUE(control.told.empty());
}

class Agent : public Password {
  protected:
    Agent() {
        namespace fs = std::filesystem;
        fs::permissions(directory_, fs::perms::all);
        program_of_nobody = (directory_ / "ntpoptctl").string();
        fs::copy_file(NTPOPT_CTL, program_of_nobody);
        const auto agent = directory_ / "pkttyagent";
        // Closes its end at once, as one that is registered, and notes its own end.
        std::ofstream(agent) << "#!/usr/bin/python3\n"
                                "import os, signal, sys\n"
                                "notes = open('" +
                                    (directory_ / "notes").string() +
                                    "', 'a', 1)\n"
                                    "def end(*_):\n"
                                    "    notes.write('stopped\\n')\n"
                                    "    sys.exit(0)\n"
                                    "signal.signal(signal.SIGTERM, end)\n"
                                    "notes.write('started ' + sys.argv[2] + '\\n')\n"
                                    "os.close(int(sys.argv[1].removeprefix('--notify-fd=')))\n"
                                    "signal.pause()\n";
        for (const auto& path : {agent, fs::path(program_of_nobody)})
            fs::permissions(path, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                                      fs::perms::others_read | fs::perms::others_exec);
        environment_["PATH"] = directory_.string() + ":/usr/bin:/bin";
    }
    std::string notes() const {
        std::ifstream file(directory_ / "notes");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    const Scratch scratch_;
    const std::filesystem::path directory_ = scratch_.path();
    std::map<std::string, std::string> environment_;
};

TEST_F(Agent, IsStartedForAChangeAndStoppedAfterIt) {
    const auto ended = run_on_terminal({"interval", "2h"}, environment_);
    EXPECT_EQ(ended.code, 0) << ended.out;
    EXPECT_EQ(notes(), "started --fallback\nstopped\n");
}

TEST_F(Agent, IsNotStartedWhereNobodyIsAsked) {
    EXPECT_EQ(run_on_terminal({"servers"}, environment_).code, 0);
    EXPECT_EQ(run_on_terminal({"--no-ask-password", "interval", "2h"}, environment_).code, 4);
    EXPECT_EQ(notes(), "");
}

TEST_F(Agent, ThatIsNotInstalledIsDoneWithout) {
    std::filesystem::remove(directory_ / "pkttyagent");
    environment_["PATH"] = directory_.string();
    EXPECT_EQ(run_on_terminal({"interval", "2h"}, environment_).code, 0);
}

}  // namespace
}  // namespace ntpopt::test
