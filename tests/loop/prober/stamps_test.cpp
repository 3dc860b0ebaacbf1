// The kernel's stamps are used: what a busy machine makes of its own readings must not show.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/loop/prober/harness.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

/// When a packet left and when one came is the kernel's word. Our own readings would each be a busy moment off: the one
/// before the sending too early, the one after the arrival too late, and the server would seem that much further away.
TEST(Stamps, ABusyMachineTakesItsOwnDelayForTheServers) {
    static constexpr Duration kBusy = 30ms;
    fakentp::Fleet fleet;
    const auto target = add_server(fleet, "127.42.3.2 offset=50ms");
    fleet.start();
    const auto busy = [] {
        const auto reading = read_clocks();
        const auto until = std::chrono::steady_clock::now() + kBusy;
        while (std::chrono::steady_clock::now() < until) {
        }
        return reading;
    };
    const auto result = run_probe({target}, quick_config(), busy);
    ASSERT_EQ(result[0].received(), 3);
    EXPECT_LT(best_sample(result[0]).delay_s, 0.5 * to_seconds(kBusy));
    EXPECT_NEAR(best_sample(result[0]).offset_s, 0.050, 0.005);
}

}  // namespace
}  // namespace ntpopt
