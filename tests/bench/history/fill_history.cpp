// Fills a state directory with rounds of 40 servers, 6 h apart, the last one now: what history.py measures.
// usage: fill_history DIRECTORY ROUNDS
#include <cstdio>
#include <cstdlib>

#include "tests/loop/store/sample_rounds.hpp"

int main(int argc, char** argv) {
    using namespace ntpopt;
    if (argc != 3) return 2;
    auto store = SqliteStore::open(argv[1]);
    if (!store) {
        fmt::print(stderr, "{}\n", store.error().detail);
        return 1;
    }
    const auto rounds = static_cast<std::uint64_t>(std::strtoull(argv[2], nullptr, 10));
    const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    for (std::uint64_t run_id = 1; run_id <= rounds; ++run_id) {
        auto round = test::sample_round(run_id, 40);
        round["timestamp"] = render_time(now - std::chrono::minutes(1) - (rounds - run_id) * std::chrono::hours(6));
        if (const auto done = test::remember(*store, round); !done) {
            fmt::print(stderr, "{}\n", done.error().detail);
            return 1;
        }
    }
    return 0;
}
