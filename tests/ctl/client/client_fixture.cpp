// Implementation of client_fixture.hpp.
#include "tests/ctl/client/client_fixture.hpp"

#include <grp.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "dbus/contract.hpp"

namespace ntpopt::test {
namespace {

constexpr uid_t kNobody = 65534;

[[noreturn]] void become_client(const std::string& program_of_nobody, const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment) {
    ::setenv("TZ", "UTC", 1);
    ::setenv("LC_ALL", "C", 1);
    ::setenv("TERM", "xterm", 1);
    for (const auto* variable : {"NO_COLOR", "COLUMNS", "PAGER", "NTPOPT_PAGER", "LESS", "SOURCE_DATE_EPOCH"})
        ::unsetenv(variable);
    for (const auto& [name, value] : environment)
        ::setenv(name.c_str(), value.c_str(), 1);
    std::string program = program_of_nobody.empty() ? NTPOPT_CTL : program_of_nobody;
    if (!program_of_nobody.empty() && ::geteuid() == 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
        ::_exit(126);
    std::vector<std::string> words = arguments;
    std::vector<char*> argv{program.data()};
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    ::_exit(127);
}

/// Collects what comes until the other side closes.
class Drain {
  public:
    Drain(Loop& loop, int fd) : descriptor_(loop.io, fd) { read(); }
    [[nodiscard]] bool ended() const { return ended_; }
    std::string text;

  private:
    void read() {
        descriptor_.async_read_some(boost::asio::buffer(chunk_),
                                    [this](boost::system::error_code error, std::size_t got) {
                                        text.append(chunk_.data(), got);
                                        if (error)
                                            end();
                                        else
                                            read();
                                    });
    }
    /// Linux looks at a terminal's buffer first and then whether its other side is closed: what was written between
    /// the two is there after the EIO only.
    void end() {
        for (ssize_t got; (got = ::read(descriptor_.native_handle(), chunk_.data(), chunk_.size())) > 0;)
            text.append(chunk_.data(), static_cast<std::size_t>(got));
        ended_ = true;
    }
    boost::asio::posix::stream_descriptor descriptor_;
    std::array<char, 4096> chunk_{};
    bool ended_ = false;
};

}  // namespace

FakeDaemon::FakeDaemon(Loop& the_loop, Control& control, Authority& authority)
    : loop(the_loop),
      connection(sdbus::createSystemBusConnection()),
      pump(loop.io, *connection, [](const Error&) {}),
      tasks(loop.io.get_executor(),
            [](std::string_view, std::string_view what) { throw std::runtime_error(std::string(what)); }),
      face(pump, tasks, control, authority) {
    connection->requestName(contract::kManagerName);
    pump.kick();
}

FakeDaemon::~FakeDaemon() {
    tasks.cancel();
    loop.run(tasks.drain(10s));
}

Client::Client(Policies policies) : bus(policies) {}

Ended Client::collect(pid_t child, int out, int err) {
    running = child;
    Drain drained_out(loop, out);
    written = [&] { return drained_out.text; };
    std::optional<Drain> drained_err;
    if (err >= 0) drained_err.emplace(loop, err);
    const auto is_over = [&] {
        if (meanwhile) std::exchange(meanwhile, nullptr)();
        return drained_out.ended() && (!drained_err || drained_err->ended());
    };
    const bool ended = loop.until(is_over);
    written = [] { return std::string(); };
    if (!ended) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {drained_out.text, drained_err ? drained_err->text : "", WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

Ended Client::run(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto child = ::fork();
    if (child == 0) {
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        become_client(program_of_nobody, arguments, environment);
    }
    ::close(out[1]);
    ::close(err[1]);
    return collect(child, out[0], err[0]);
}

Ended Client::run_on_terminal(const std::vector<std::string>& arguments,
                              const std::map<std::string, std::string>& environment, TerminalSize size) {
    int terminal = -1;
    winsize window{};
    window.ws_col = size.columns;
    window.ws_row = size.rows;
    const auto child = ::forkpty(&terminal, nullptr, nullptr, &window);
    if (child == 0) become_client(program_of_nobody, arguments, environment);
    return collect(child, terminal, -1);
}

}  // namespace ntpopt::test
