// Ways to choose servers, each a small class behind one face. A strategy sees the packets of a round as a machine with
// a certain clock error sees them, and names what its NTP service is to follow.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "tests/bench/selection_lab/client.hpp"
#include "tests/bench/selection_lab/world.hpp"

namespace ntpopt::lab {

/// A round as one machine sees it.
struct View {
    const World& world;
    const Round& round;
    double time_s = 0;
    double clock_ms = 0;        ///< the local clock's error: what it shows less the true time
    bool synchronised = false;  ///< the service follows somebody
};

/// What the service is to follow: servers in order, then so many members of the pool.
struct Wish {
    std::vector<std::size_t> servers;
    int pool_members = 0;
};

class Strategy {
  public:
    Strategy() = default;
    Strategy(const Strategy&) = delete;
    Strategy& operator=(const Strategy&) = delete;
    virtual ~Strategy() = default;
    [[nodiscard]] virtual Wish choose(const View& view) = 0;
};

enum class StrategyKind { plain_score, root_distance, plain_pool, lowest_latency, ours, ours_with_pool, oracle };

inline constexpr StrategyKind kStrategies[] = {
    StrategyKind::plain_score, StrategyKind::root_distance,  StrategyKind::plain_pool, StrategyKind::lowest_latency,
    StrategyKind::ours,        StrategyKind::ours_with_pool, StrategyKind::oracle};

[[nodiscard]] std::string_view name_of(StrategyKind strategy);

/// A strategy at the start of its life, that wants `sources` servers for such a service.
[[nodiscard]] std::unique_ptr<Strategy> make_strategy(StrategyKind strategy, int sources, ClientKind client);

/// The real decision with its memory. `pool`: volunteers are known only as members of the pool, which must not be
/// configured by address, so there are fewer servers to choose from.
[[nodiscard]] std::unique_ptr<Strategy> make_ours(int sources, ClientKind client, bool pool);

}  // namespace ntpopt::lab
