// -H over a stand-in for ssh, and --timeout.
#include <filesystem>
#include <fstream>

#include "dbus/contract.hpp"
#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;

/// Notes its arguments and joins the standard streams to the private bus, as sshd with systemd-stdio-bridge would.
constexpr const char* kBridge = R"(#!/usr/bin/python3
import os, select, socket, sys
with open(os.environ["SSH_NOTES"], "w") as notes:
    notes.write(" ".join(sys.argv[1:]))
if "no-such-host" in sys.argv[1:]:
    sys.exit("ssh: Could not resolve hostname no-such-host")
bus = socket.socket(socket.AF_UNIX)
bus.connect(os.environ["SSH_BUS"])
while True:
    for ready in select.select([0, bus], [], [])[0]:
        chunk = os.read(0, 65536) if ready == 0 else bus.recv(65536)
        if not chunk:
            sys.exit(0)
        if ready == 0:
            bus.sendall(chunk)
        else:
            while chunk:
                chunk = chunk[os.write(1, chunk):]
)";

class Remote : public Client {
  protected:
    Remote() {
        const auto ssh = directory_ / "ssh";
        std::ofstream(ssh) << kBridge;
        std::filesystem::permissions(ssh, std::filesystem::perms::owner_all);
        const auto path = bus.address().substr(std::string("unix:path=").size());
        environment_ = {{"PATH", directory_.string() + ":/usr/bin:/bin"},
                        {"SSH_NOTES", (directory_ / "notes").string()},
                        {"SSH_BUS", path.substr(0, path.find(','))},
                        // This machine's bus must not be what answers.
                        {"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/socket"}};
        whole(control);
    }
    std::string notes() const {
        std::ifstream file(directory_ / "notes");
        std::string line;
        std::getline(file, line);
        return line;
    }

    const Scratch scratch_;
    const std::filesystem::path directory_ = scratch_.path();
    std::map<std::string, std::string> environment_;
};

TEST_F(Remote, TheBusOfAnotherMachineIsReachedBySsh) {
    const auto here = run({"status"});
    const auto there = run({"-H", "admin@far.example", "status"}, environment_);
    EXPECT_EQ(there.code, 0) << there.err;
    EXPECT_EQ(there.out, here.out);
    EXPECT_EQ(notes(), "-xT -- admin@far.example systemd-stdio-bridge");
}

TEST_F(Remote, ARoundThereIsFollowedToItsEnd) {
    const auto ended = run({"--host=far.example", "interval", "2h"}, environment_);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(control.told, testing::Contains("interval 2h"));
}

TEST_F(Remote, ADaemonThatDoesNotRunThereIsNamedWithItsPlace) {
    daemon.reset();
    const auto ended = run({"-H", "far.example", "status"}, environment_);
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: ntpoptd does not run on far.example\n"));
}

TEST_F(Remote, AMachineThatCannotBeReachedIsExitCodeThree) {
    const auto ended = run({"-H", "no-such-host", "status"}, environment_);
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, HasSubstr("ntpoptctl: cannot reach the system bus of no-such-host"));
    EXPECT_THAT(ended.err, HasSubstr("systemd-stdio-bridge"));
}

TEST_F(Remote, AHostIsNeverAnOptionOfSsh) {
    const auto ended = run({"--host=-oProxyCommand=x", "status"}, environment_);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(notes(), "");
}

// Somebody owns the name and never answers.
TEST_F(Client, WhoDoesNotAnswerIsGivenUpInTime) {
    daemon.reset();
    const auto mute = sdbus::createSystemBusConnection();
    mute->requestName(contract::kManagerName);
    const auto begun = std::chrono::steady_clock::now();
    const auto ended = run({"--timeout", "300ms", "servers"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: "));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s) << "it waited for its own 25 s";
    EXPECT_EQ(run({"--timeout", "0s", "servers"}).code, 2);
}

}  // namespace
}  // namespace ntpopt::test
