// How long a decision takes, for a usual round and for a huge one, against the bounds that the project promises. Prints
// the ratios and judges nothing: a loaded machine is no bug.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "tests/unit/select/random_world.hpp"

namespace {

using namespace ntpopt;

/// Candidates as a round has them: most of them good, each in a network of its own.
std::vector<Observation> candidates(int count) {
    world::Dice dice(static_cast<std::uint64_t>(count));
    std::vector<world::Server> servers;
    for (int i = 0; i < count; ++i) {
        auto server = world::random_server(dice);
        server.name = fmt::format("ntp.operator{}.test", i);
        server.address = fmt::format("10.{}.{}.1", i / 250, i % 250);
        server.pool = false;
        server.operator_name = "";
        server.refid.reset();
        server.reference_time = 0;
        servers.push_back(server);
    }
    return world::observe(servers);
}

/// Best of many: the time the decision needs, not what else the machine did meanwhile.
double best_ms(int count, int repetitions) {
    const auto observations = candidates(count);
    world::Machine machine;
    for (int i = 0; i < 3; ++i)
        machine.round(observations);
    double best = 1e9;
    for (int i = 0; i < repetitions; ++i) {
        const auto before = std::chrono::steady_clock::now();
        const auto result = decide(observations, machine.state, machine.config, machine.context);
        const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - before;
        if (result.decision.servers.empty()) return 1e9;
        best = std::min(best, spent.count());
    }
    return best;
}

void report(int count, double bound_ms, int repetitions) {
    const double best = best_ms(count, repetitions);
    std::printf("decide: %5d candidates %8.3f ms, %.2f of the bound of %.1f ms\n", count, best, best / bound_ms,
                bound_ms);
}

}  // namespace

int main() {
    report(30, 0.2, 300);
    report(2000, 30, 10);
    return 0;
}
