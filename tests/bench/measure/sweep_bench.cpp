// How long one round over many servers on loopback takes, against the shortest time that its spacing allows, and what
// it needs of memory. The fake servers run in a child process, so that the memory is the prober's alone.
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/io/ntp/udp_prober.hpp"
#include "tests/fakentp/fleet.hpp"

namespace {

using namespace ntpopt;
using namespace std::chrono_literals;

constexpr Duration kDelay = 20ms;
constexpr std::uint16_t kPort = 11'923;

Address address_of(int server) {
    return Address::v4({127, 60, static_cast<std::uint8_t>(server / 250), static_cast<std::uint8_t>(server % 250 + 1)});
}

/// The servers; says so on the pipe when all are bound, and serves until it is killed.
[[noreturn]] void serve(int servers, int ready) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    fakentp::Fleet fleet;
    bool good = true;
    for (int i = 0; i < servers; ++i) {
        fakentp::ServerSpec spec;
        spec.address = address_of(i);
        spec.port = kPort;
        spec.forward = spec.backward = kDelay / 2;
        good = good && fleet.add(spec);
    }
    const char answer = good ? 'y' : 'n';
    if (write(ready, &answer, 1) == 1) fleet.run();
    _exit(1);
}

/// Peak resident memory of this process since its start.
double peak_mib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

bool sweep(int servers, double allowed) {
    std::array<int, 2> channel{};
    if (pipe(channel.data()) != 0) return false;
    const auto child = fork();
    if (child == 0) serve(servers, channel[1]);
    char answer = 0;
    if (read(channel[0], &answer, 1) != 1 || answer != 'y') {
        fmt::print(stderr, "bench_sweep: the fake servers could not be bound\n");
        kill(child, SIGKILL);
        return false;
    }
    std::vector<ProbeTarget> targets;
    for (int i = 0; i < servers; ++i)
        targets.push_back({address_of(i), kPort});
    const ProbeConfig config;
    boost::asio::io_context context(1);
    UdpProber prober;
    int received = 0;
    const auto begin = std::chrono::steady_clock::now();
    boost::asio::co_spawn(context, prober.probe(std::move(targets), config, {}),
                          [&](const std::exception_ptr&, const std::vector<Measurement>& measurements) {
                              for (const auto& measurement : measurements)
                                  received += measurement.received();
                          });
    context.run();
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(channel[0]);
    close(channel[1]);

    const double bound = to_seconds((config.samples - 1) * config.spacing + kDelay);
    const bool met = took <= allowed * bound && received == servers * config.samples;
    fmt::print(
        "{:>5} servers: {:.3f} s, {:.3f} times the bound of {:.2f} s (at most {:.2f}); {} of {} answers; peak {:.1f} "
        "MiB  {}\n",
        servers, took, took / bound, bound, allowed, received, servers * config.samples, peak_mib(),
        met ? "met" : "MISSED");
    return met;
}

}  // namespace

int main() {
    const bool small = sweep(200, 1.10);
    const bool large = sweep(2000, 1.25);
    return small && large ? 0 : 1;
}
