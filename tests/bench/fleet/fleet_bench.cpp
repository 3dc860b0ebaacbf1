// A week of a whole fleet against the rules for clients of the NTP Pool. See README.md.
#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

#include "tests/fleet/verdict.hpp"

namespace {

using namespace ntpopt;
using namespace ntpopt::fleet;

double cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void tell_worst(const char* whose, const Load::Worst& worst) {
    fmt::print("  fullest minute of {}: {:.2f} of its mean of {:.3g} packets, {:.0f} % of what it may ({:.2f})\n",
               whose, worst.ratio, worst.mean, 100 * worst.ratio / worst.most, worst.most);
}

void tell_part(const char* when, int factor, const Load::Part& part) {
    fmt::print("{} (rule: no minute above {} of the mean, which chance alone would break for {} of {} servers)\n", when,
               factor, part.servers - part.as_it_stands, part.servers);
    if (part.as_it_stands > 0) tell_worst("the others", part.highest_as_it_stands);
    if (part.highest.ratio > 0) tell_worst("all servers", part.highest);
    if (part.nearest.ratio > 0) tell_worst("the server nearest to what it may", part.nearest);
}

/// The figures of the machines that have lived so far; false where a rule is broken.
bool tell(const Sum& sum, const World& world, const std::vector<PowerCut>& cuts) {
    const auto load = weigh(world, cuts, ProbeConfig().samples);
    const auto broken = broken_rules(sum, load);
    std::uint64_t rounds = 0;
    for (const auto& [why, count] : sum.rounds)
        rounds += count;
    fmt::print("{} machines, two days to settle and a week, {:.0f} s of CPU ({:.2f} ms a round)\n", sum.machines,
               cpu_s(), cpu_s() * 1000 / static_cast<double>(rounds));
    fmt::print("{} processes, {} rounds, {} packets, {} questions to DNS\n", sum.processes, rounds, sum.packets,
               sum.questions);
    for (const auto& [why, count] : sum.rounds)
        fmt::print("  rounds because of {}: {}\n", why, count);
    for (const auto& [outcome, count] : sum.outcomes)
        fmt::print("  outcome {}: {}\n", outcome, count);
    fmt::print("closest packets to one address: {:.3f} s (rule: 2 s)\n", to_seconds(sum.closest_packets));
    fmt::print("closest questions for one name: {:.0f} s (rule: 3600 s)\n", to_seconds(sum.closest_questions));
    fmt::print("most packets to one address in 24 h: {} (rule: 48)\n", sum.most_a_day);
    tell_part("the week", 3, load.usual);
    tell_part("the hour after the power cut", 10, load.after_cut);
    if (sum.troubles > 0) fmt::print("{} troubles, the first: {}\n", sum.troubles, sum.trouble);
    for (const auto& sentence : broken)
        fmt::print("BROKEN: {}\n", sentence);
    fmt::print("{{\"within_rules\": {}}}\n", broken.empty());
    std::fflush(stdout);
    return broken.empty();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--help") {
        fmt::print("usage: bench_fleet [MACHINES] [HOURS WITHOUT POWER] [SEED]    (default: 10000 8 1)\n");
        return 0;
    }
    const auto machines = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000;
    const auto dark = argc > 2 ? std::strtod(argv[2], nullptr) : 8.0;
    const auto seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    std::stringstream text;
    text << std::ifstream(CONF_DIR "/catalogue.toml").rdbuf();
    const auto catalogue = Catalogue::parse(text.str());
    if (!catalogue) {
        fmt::print(stderr, "{}\n", catalogue.error().detail);
        return 2;
    }
    World world(*catalogue, 8, seed);
    Fleet fleet{*catalogue, world};
    fleet.cuts = {{kWarmUp + std::chrono::hours(100), from_seconds(dark * 3600)}};
    fleet.seed = seed;
    Sum sum;
    for (std::uint64_t i = 0; i < machines; ++i) {
        sum.add(live(fleet, i));
        if (i % 500 == 499 && i + 1 < machines) tell(sum, world, fleet.cuts);
    }
    return tell(sum, world, fleet.cuts) ? 0 : 1;
}
