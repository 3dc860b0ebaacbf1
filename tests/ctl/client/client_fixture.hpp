// ntpoptctl, the real program, against a daemon with canned answers on a private bus.
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/manager_face.hpp"
#include "tests/bus/fake/fake_control.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/bus/harness/private_bus.hpp"

namespace ntpopt::test {

/// Everybody may do everything, nothing, or what a password allows (which nobody gives, but who is asked for it has
/// it).
enum class Access { allowed, denied, password };

class Doorman final : public Authority {
  public:
    Access access = Access::allowed;
    boost::asio::awaitable<Status> allow(Caller caller, Action) override {
        if (access == Access::allowed || (access == Access::password && caller.interactive)) co_return Status();
        if (access == Access::denied)
            co_return Error{Errc::access_denied, "polkit does not allow org.ntpopt1.reoptimize"};
        co_return Error{Errc::not_authenticated,
                        "interactive authentication required for org.ntpopt1.configure (polkit)"};
    }
};

struct TerminalSize {
    unsigned short columns = 100;
    unsigned short rows = 50;
};

/// A daemon on the bus, until it is destroyed.
struct FakeDaemon {
    FakeDaemon(Loop& loop, Control& control, Authority& authority);
    ~FakeDaemon();

    Loop& loop;
    std::unique_ptr<sdbus::IConnection> connection;
    BusPump pump;
    TaskGroup tasks;
    ManagerFace face;
};

/// What a program left behind.
struct Ended {
    std::string out;
    std::string err;
    int code = -1;
};

class Client : public testing::Test {
  protected:
    explicit Client(Policies policies = Policies::shipped);

    /// Runs ntpoptctl while the loop goes on. `environment` is added to TZ=UTC, LC_ALL=C and the bus.
    Ended run(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment = {});
    /// The same on a terminal; `out` has what appeared on it.
    Ended run_on_terminal(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment = {}, TerminalSize size = {});
    /// Where this is a path, that copy of the program is run, by an unprivileged user where this process is root.
    std::string program_of_nobody;
    /// The process that run() started last, and what it has written so far.
    pid_t running = -1;
    std::function<std::string()> written = [] { return std::string(); };
    /// Done once, while a client runs, outside every handler of the loop: the place to destroy a daemon.
    std::function<void()> meanwhile;

    PrivateBus bus;
    Loop loop;
    FakeControl control;
    Doorman doorman;
    std::unique_ptr<FakeDaemon> daemon = std::make_unique<FakeDaemon>(loop, control, doorman);

  private:
    Ended collect(pid_t child, int out, int err);
};

}  // namespace ntpopt::test
