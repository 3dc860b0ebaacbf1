// What the prober does where it is short of something, or must hold back: in a child process, whose network and limits
// are its own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tests/loop/prober/harness.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

/// Runs the check in a child; the check returns what is wrong, or "".
void in_child(const std::function<std::string()>& check) {
    std::array<int, 2> channel{};
    ASSERT_EQ(pipe(channel.data()), 0);
    const auto child = fork();
    if (child == 0) {
        std::string complaint;
        try {
            complaint = check();
        } catch (const std::exception& error) {
            complaint = error.what();
        }
        [[maybe_unused]] const auto written = write(channel[1], complaint.data(), complaint.size());
        _exit(complaint.empty() ? 0 : 1);
    }
    close(channel[1]);
    std::string complaint(4096, '\0');
    const auto size = read(channel[0], complaint.data(), complaint.size());
    complaint.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    close(channel[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(complaint, "");
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/// A network of our own in which 10.77.0.1 ... are here: not loopback by name, and nothing leaves the machine.
std::string enter_own_network(int addresses) {
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return std::string("no network namespace: ") + std::strerror(errno);
    const int control = socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0) return std::string("lo up: ") + std::strerror(errno);
    for (int i = 1; i <= addresses; ++i) {
        request = {};
        std::strcpy(request.ifr_name, ("lo:" + std::to_string(i)).c_str());
        sockaddr_in address{};
        address.sin_family = AF_INET;
        inet_pton(AF_INET, ("10.77.0." + std::to_string(i)).c_str(), &address.sin_addr);
        std::memcpy(&request.ifr_addr, &address, sizeof address);
        if (ioctl(control, SIOCSIFADDR, &request) != 0) return std::string("address: ") + std::strerror(errno);
    }
    close(control);
    return "";
}

TEST(ProberLimits, NoMoreThanRatePacketsASecondLeaveTheMachine) {
    in_child([]() -> std::string {
        if (auto problem = enter_own_network(6); !problem.empty()) return problem;
        fakentp::Fleet fleet;
        std::vector<ProbeTarget> targets;
        for (int i = 1; i <= 6; ++i)
            targets.push_back(add_server(fleet, "10.77.0." + std::to_string(i)));
        fleet.start();
        ProbeConfig config;
        config.samples = 1;
        config.rate = 5;
        const auto begin = std::chrono::steady_clock::now();
        const auto result = run_probe(targets, config);
        const auto took = std::chrono::steady_clock::now() - begin;
        for (const auto& one : result)
            if (one.received() != 1) return "a server was not measured";
        return took >= 1s ? "" : "six packets at five a second took less than a second";
    });
}

TEST(ProberLimits, AServerThatIsNotLoopbackIsNeverAskedFasterThanEveryTwoSeconds) {
    in_child([]() -> std::string {
        if (auto problem = enter_own_network(1); !problem.empty()) return problem;
        fakentp::Fleet fleet;
        const auto target = add_server(fleet, "10.77.0.1 name=remote");
        fleet.start();
        ProbeConfig config;
        config.samples = 2;
        config.spacing = 10ms;
        config.rate = 1000;
        if (run_probe({target}, config)[0].received() != 2) return "not measured";
        return fleet.counters("remote")->least_spacing > 1900ms ? "" : "asked too fast";
    });
}

/// When each packet left, by its answer; in the order of their leaving.
std::vector<double> sent_times(const std::vector<Measurement>& measured) {
    std::vector<double> times;
    for (const auto& one : measured)
        for (const auto& sample : one.samples)
            if (sample) times.push_back(sample->t_s);
    std::sort(times.begin(), times.end());
    return times;
}

TEST(ProberLimits, OneAddressOnTwoPortsGetsTwoBurstsAtOnce) {
    in_child([]() -> std::string {
        if (auto problem = enter_own_network(2); !problem.empty()) return problem;
        fakentp::Fleet fleet;
        const auto one = add_server(fleet, "10.77.0.1 name=one");
        const auto same = add_server(fleet, "10.77.0.1 name=same");
        const auto other = add_server(fleet, "10.77.0.2 name=other");
        fleet.start();
        ProbeConfig config;
        config.samples = 1;
        const auto measured = run_probe({one, same, other}, config);
        if (sent_times(measured).size() != 3) return "not measured";
        const auto times = sent_times({measured[0], measured[1]});
        if (times[1] - times[0] < 1.9) return "two packets to one address less than 2 s apart";
        return sent_times({measured[2]})[0] < times[1] ? "" : "the other address waited, too";
    });
}

TEST(ProberLimits, TwoRoundsAndTwoProcessesKeepTwoSecondsToOneAddress) {
    in_child([]() -> std::string {
        if (auto problem = enter_own_network(1); !problem.empty()) return problem;
        fakentp::Fleet fleet;
        const auto target = add_server(fleet, "10.77.0.1 name=remote");
        fleet.start();
        ProbeConfig config;
        config.samples = 1;
        UdpProber prober;
        // The answer comes at once, so a round's one packet left just before its end; without the guard it would leave
        // within half a second.
        std::optional<std::chrono::steady_clock::time_point> last;
        for (const std::string round : {"first", "second", "of another process"}) {
            if (round == "of another process") prober = UdpProber();
            if (run_probe(prober, {target}, config)[0].received() != 1) return "not measured";
            const auto now = std::chrono::steady_clock::now();
            if (last && now - *last < 1s) return "asked too fast: the round " + round;
            last = now;
        }
        return "";
    });
}

TEST(ProberLimits, WithFewDescriptorsServersWaitForOneRatherThanFail) {
    in_child([]() -> std::string {
        fakentp::Fleet fleet;
        std::vector<ProbeTarget> targets;
        for (int i = 1; i <= 40; ++i)
            targets.push_back(add_server(fleet, "127.43.1." + std::to_string(i)));
        fleet.start();
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = 64 + 5;  // 64 are kept back for the rest of the daemon
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return "setrlimit";
        auto config = quick_config();
        config.samples = 2;
        config.spacing = 20ms;
        for (const auto& one : run_probe(targets, config))
            if (one.received() != 2) return "a server was not measured: " + one.failure;
        return "";
    });
}

TEST(ProberLimits, WithoutAnyDescriptorLeftTheFailureIsNamed) {
    in_child([]() -> std::string {
        std::vector<ProbeTarget> targets;
        for (int i = 1; i <= 3; ++i)
            targets.push_back({*Address::parse("127.43.2." + std::to_string(i)), kNtpPort});
        auto config = quick_config();
        config.spacing = 10ms;
        const auto probe = [&](std::optional<rlim_t> descriptors) {
            boost::asio::io_context io(1);
            UdpProber prober;
            std::vector<Measurement> result;
            boost::asio::steady_timer timer(io);  // Asio's own descriptors come before the limit
            if (descriptors) {
                const rlimit limit{*descriptors, *descriptors};
                EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
            }
            boost::asio::co_spawn(
                io, prober.probe(targets, config, {}),
                [&](const std::exception_ptr&, std::vector<Measurement> measured) { result = measured; });
            io.run_for(20s);
            return result;
        };
        // A sanitizer needs a descriptor of its own whenever it meets a type for the first time: it meets them all
        // here.
        probe(std::nullopt);
        const auto result = probe(3);
        if (result.size() != 3) return "the round did not end";
        for (const auto& one : result)
            if (one.failure.find("Too many open files") == std::string::npos) return "failure: " + one.failure;
        return "";
    });
}

}  // namespace
}  // namespace ntpopt
