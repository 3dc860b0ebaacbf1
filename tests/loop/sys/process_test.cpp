// Other programs: their output, their end, and what happens when they have none.
#include "daemon/io/sys/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include "tests/bus/harness/loop.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

class Process : public testing::Test {
  protected:
    Result<ProcessOutput> run(std::vector<std::string> argv, Duration deadline = 10s, std::size_t max_output = 65536) {
        Command command{std::move(argv), deadline, max_output};
        return loop_.run(run_process(std::move(command)));
    }
    Result<ProcessOutput> sh(const std::string& script, Duration deadline = 10s, std::size_t max_output = 65536) {
        return run({"/bin/sh", "-c", script}, deadline, max_output);
    }

    test::Loop loop_;
};

TEST_F(Process, output_and_status_come_back) {
    const auto done = sh("echo out; echo err >&2; exit 3");
    ASSERT_TRUE(done);
    EXPECT_EQ(done->out, "out\n");
    EXPECT_EQ(done->err, "err\n");
    EXPECT_EQ(done->status, 3);
    EXPECT_EQ(sh("kill -9 $$")->status, 128 + 9);
}

TEST_F(Process, arguments_are_not_a_shell_s) {
    EXPECT_EQ(run({"/bin/echo", "a b", "$HOME", ";", "*"})->out, "a b $HOME ; *\n");
}

TEST_F(Process, the_environment_is_clean) {
    setenv("NTPOPT_SECRET", "x", 1);
    EXPECT_EQ(run({"/usr/bin/env"})->out, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
    unsetenv("NTPOPT_SECRET");
}

TEST_F(Process, it_reads_what_it_is_given_and_nothing_else) {
    Command command{{"/bin/cat"}};
    command.input = std::string(300'000, 'x');
    EXPECT_EQ(loop_.run(run_process(command))->out, command.input);
    EXPECT_EQ(sh("cat")->out, "");
}

TEST_F(Process, a_missing_program_is_an_error) {
    EXPECT_EQ(run({"/nonexistent"}).error().code, Errc::io);
}

TEST_F(Process, one_that_never_ends_is_killed_with_its_children) {
    EXPECT_EQ(sh("echo $$; cat /dev/zero | cat >/dev/null & wait", 200ms).error().code, Errc::timeout);
    EXPECT_EQ(sh("exec >/dev/null 2>&1; while :; do :; done", 200ms).error().code, Errc::timeout);
}

TEST_F(Process, output_beyond_the_bound_is_an_error_and_blocks_nobody) {
    EXPECT_EQ(sh("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2").error().code, Errc::parse);
    EXPECT_EQ(sh("head -c 65536 /dev/zero")->out.size(), 65536u);
}

TEST_F(Process, many_run_at_the_same_time) {
    int done = 0;
    for (int i = 0; i < 20; ++i)
        boost::asio::co_spawn(loop_.io, run_process({{"/bin/echo", "x"}, 10s, 100}),
                              [&](const std::exception_ptr&, const Result<ProcessOutput>& output) {
                                  done += output && output->out == "x\n" ? 1 : 0;
                              });
    EXPECT_TRUE(loop_.until([&] { return done == 20; }));
}

TEST_F(Process, one_whose_caller_is_cancelled_is_killed) {
    boost::asio::cancellation_signal signal;
    bool ended = false;
    boost::asio::co_spawn(
        loop_.io, run_process({{"/bin/sleep", "100"}, 100s}),
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](const std::exception_ptr&, const Result<ProcessOutput>&) { ended = true; }));
    boost::asio::post(loop_.io, [&] { signal.emit(boost::asio::cancellation_type::terminal); });
    EXPECT_TRUE(loop_.until([&] { return ended; }));
}

}  // namespace
}  // namespace ntpopt
