// Following a round: progress, lost and forged signals, a daemon that dies, a user who leaves.
#include <signal.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dbus/contract.hpp"
#include "tests/ctl/client/client_fixture.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;

class Follow : public Client {
  protected:
    /// A round begins that has not ended; `then` happens when the client has asked for it once and waits.
    void begin(std::function<void()> then) {
        control.on_reoptimize = [this, then](bool) {
            control.runs[8] = {{"run_id", 8}, {"dry_run", false}, {"state", "probe"}, {"done", 3}, {"total", 12}};
            control.on_run = [this, then](std::uint64_t) {
                control.on_run = nullptr;
                boost::asio::post(loop.io, [this, then] { meanwhile = then; });
            };
            return std::uint64_t{8};
        };
    }

    void end_round() { control.runs[8] = sample_report(8, "applied"); }

    boost::asio::steady_timer timer_{loop.io};
};

TEST_F(Follow, ShowsProgressOnATerminal) {
    begin([this] {
        daemon->face.run_progress(8, "probe", 6, 12);
        daemon->face.run_progress(8, "apply", 1, 1);
        end_round();
        daemon->face.run_finished(8, control.runs[8]);
    });
    const auto ended = run_on_terminal({"reoptimize", "--no-color"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, HasSubstr("probe    [############............] 6/12"));
    EXPECT_THAT(ended.out, HasSubstr("[ 8/11] apply"));
    EXPECT_THAT(ended.out, HasSubstr("Decision:"));
}

TEST_F(Follow, IsQuietWhereThereIsNoTerminal) {
    begin([this] {
        daemon->face.run_progress(8, "probe", 6, 12);
        end_round();
        daemon->face.run_finished(8, control.runs[8]);
    });
    const auto ended = run({"reoptimize", "--json"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.err, "");
    const auto report = parse_json(ended.out);
    ASSERT_TRUE(report);
    EXPECT_EQ((*report)["outcome"], "applied");
}

TEST_F(Follow, AnEndWithoutASignalIsFoundByAsking) {
    begin([this] { end_round(); });
    EXPECT_EQ(run({"reoptimize"}).code, 0);
}

TEST_F(Follow, AForgedEndIsNotBelieved) {
    std::unique_ptr<sdbus::IConnection> forger = sdbus::createSystemBusConnection();
    begin([&] {
        const auto object = sdbus::createObject(*forger, contract::kManagerPath);
        auto signal = object->createSignal(contract::kManagerInterface, "RunFinished");
        signal << std::uint64_t{8} << wire::Dict(Json{{"outcome", "failed"}});
        object->emitSignal(signal);
        end_round();
    });
    EXPECT_EQ(run({"reoptimize"}).code, 0);
}

TEST_F(Follow, ADaemonThatDiesInTheMiddleIsExitCodeThree) {
    begin([this] { daemon.reset(); });
    const auto ended = run({"reoptimize"});
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: ntpoptd went away in the middle of the round\n"));
}

TEST_F(Follow, WhoLeavesLetsTheRoundGoOn) {
    begin([this] { ::kill(running, SIGINT); });
    const auto ended = run({"reoptimize"});
    EXPECT_EQ(ended.code, 130);
    EXPECT_EQ(ended.err, "ntpoptctl: interrupted; the round goes on\n");
    EXPECT_FALSE(control.runs[8].contains("outcome"));
}

TEST_F(Follow, MonitorTellsOneLineAnEvent) {
    // Told again and again until the monitor has heard all of it, since nothing says when it listens.
    bool stopped = false;
    std::function<void()> story = [&] {
        if (stopped) return;
        daemon->face.run_started(9, true);
        daemon->face.run_finished(9, sample_report(9, "would_apply"));
        daemon->face.selection_changed({"a"}, {"b", "c"}, "better");
        timer_.expires_after(std::chrono::milliseconds(20));
        timer_.async_wait([&](boost::system::error_code error) {
            if (error) return;
            const auto text = written();
            const auto begun = text.find("round 9 begins");
            if (!stopped && begun != std::string::npos && text.find(": better\n", begun) != std::string::npos) {
                stopped = true;
                ::kill(running, SIGTERM);
            }
            story();
        });
    };
    boost::asio::post(loop.io, story);
    const auto ended = run({"monitor"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(ended.out, HasSubstr("UTC  round 9 begins (dry run)\n"));
    EXPECT_THAT(ended.out, HasSubstr("UTC  round 9 is over: would_apply: 3 of 4 servers agree within 1.2 ms\n"));
    EXPECT_THAT(ended.out, HasSubstr("UTC  servers changed from a to b, c: better\n"));
}

}  // namespace
}  // namespace ntpopt::test
