// Implementation of process.hpp: posix_spawn, a pidfd to wait on (pidfd_open(2), Linux 5.3), pipes for the output.
#include "daemon/io/sys/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/io/sys/file_descriptor.hpp"
#include "daemon/io/sys/safe_path.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using Stream = asio::posix::stream_descriptor;

struct Pipe {
    FileDescriptor read_end;
    FileDescriptor write_end;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return io_error("make a pipe", errno);
    return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// A file in memory that is read from its start.
Result<FileDescriptor> make_input(const std::string& text) {
    FileDescriptor file(memfd_create("input", MFD_CLOEXEC));
    if (file.get() < 0) return io_error("make a file in memory", errno);
    for (std::size_t done = 0; done < text.size();) {
        const auto count = write(file.get(), text.data() + done, text.size() - done);
        if (count < 0 && errno != EINTR) return io_error("write a file in memory", errno);
        done += count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    if (lseek(file.get(), 0, SEEK_SET) != 0) return io_error("rewind a file in memory", errno);
    return file;
}

/// A child process that is killed and reaped, whatever becomes of the coroutine that waits for it.
class Child {
  public:
    Child(pid_t pid, FileDescriptor handle) : pid_(pid), handle_(std::move(handle)) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        kill();
        reap();
    }

    /// Its whole process group: what it started must not outlive the deadline either.
    void kill() {
        if (!reaped_) ::kill(-pid_, SIGKILL);
    }

    int reap() {
        int status = 0;
        if (!reaped_ && waitpid(pid_, &status, 0) == pid_)
            status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        reaped_ = true;
        return status_;
    }

    [[nodiscard]] int handle() const { return handle_.get(); }

  private:
    pid_t pid_;
    FileDescriptor handle_;
    bool reaped_ = false;
    int status_ = 127;
};

Result<pid_t> spawn(const std::vector<std::string>& argv, const FileDescriptor& in, const Pipe& out, const Pipe& err) {
    std::vector<char*> arguments;
    for (const auto& word : argv)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::array<std::string, 2> variables{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    std::array<char*, 3> environment{variables[0].data(), variables[1].data(), nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write_end.get(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    pid_t pid = -1;
    const int number = posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (number != 0) return io_error("start " + argv[0], number);
    return pid;
}

/// Reads one pipe to its end. Beyond the limit it reads on without keeping, so that a full pipe never stops the writer.
class Capture {
  public:
    Capture(const asio::any_io_executor& executor, FileDescriptor end, std::size_t limit)
        : stream_(executor, end.release()), limit_(limit) {}

    asio::awaitable<void> drain() {
        boost::system::error_code error;
        while (!error) {
            const std::size_t count = co_await stream_.async_read_some(
                asio::buffer(buffer_), asio::redirect_error(asio::use_awaitable, error));
            overflowed = overflowed || text.size() + count > limit_;
            if (!overflowed) text.append(buffer_.data(), count);
        }
    }

    void close() {
        boost::system::error_code ignored;
        stream_.close(ignored);
    }

    std::string text;
    bool overflowed = false;

  private:
    Stream stream_;
    std::size_t limit_;
    std::array<char, 8192> buffer_{};
};

}  // namespace

asio::awaitable<Result<ProcessOutput>> run_process(Command command) {
    using namespace asio::experimental::awaitable_operators;
    if (command.argv.empty()) co_return Error{Errc::invalid_argument, "no program to run"};
    if (geteuid() == 0)
        if (auto fine = check_program(command.argv[0]); !fine) co_return fine.error();
    const auto in = make_input(command.input);
    auto out_pipe = make_pipe();
    auto err_pipe = make_pipe();
    if (!in) co_return in.error();
    if (!out_pipe) co_return out_pipe.error();
    if (!err_pipe) co_return err_pipe.error();
    const auto pid = spawn(command.argv, *in, *out_pipe, *err_pipe);
    if (!pid) co_return pid.error();
    out_pipe->write_end.close();
    err_pipe->write_end.close();
    Child child(*pid, FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0))));
    if (child.handle() < 0) co_return io_error("watch " + command.argv[0], errno);

    const auto executor = co_await asio::this_coro::executor;
    Capture out(executor, std::move(out_pipe->read_end), command.max_output);
    Capture err(executor, std::move(err_pipe->read_end), command.max_output);
    Stream ended(executor, dup(child.handle()));
    bool late = false;
    asio::steady_timer timer(executor, command.deadline);
    timer.async_wait([&late, &child, &out, &err](const boost::system::error_code& stopped) {
        if (stopped) return;
        late = true;
        child.kill();
        // A grandchild in another session may still hold the pipes.
        out.close();
        err.close();
    });

    co_await asio::this_coro::throw_if_cancelled(false);
    co_await (out.drain() && err.drain());
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) child.kill();
    boost::system::error_code ignored;
    co_await ended.async_wait(Stream::wait_read, asio::redirect_error(asio::use_awaitable, ignored));
    // The timer's handler refers to us: what is posted after it was cancelled runs after it.
    timer.cancel();
    co_await asio::post(executor, asio::use_awaitable);
    ProcessOutput output{child.reap(), std::move(out.text), std::move(err.text)};
    if (late)
        co_return Error{Errc::timeout,
                        fmt::format("{} did not end within {}", command.argv[0], render_duration(command.deadline))};
    if (out.overflowed || err.overflowed)
        co_return Error{Errc::parse, fmt::format("{} printed more than {} bytes", command.argv[0], command.max_output)};
    co_return output;
}

}  // namespace ntpopt
