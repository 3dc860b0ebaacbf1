// Models of the NTP services that follow what was chosen, for one round of six hours. Static: they know how sources are
// voted out and combined, and nothing of how a clock is steered.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "tests/bench/selection_lab/dice.hpp"
#include "tests/bench/selection_lab/world.hpp"

namespace ntpopt::lab {

enum class ClientKind {
    chrony_like,     ///< majority of overlapping intervals, then a mean weighted by distance
    timesyncd_like,  ///< the first of the list that answers
};

/// The clock's error after following these servers for a round; nothing where they give no time to follow, so that the
/// clock stays as it is.
[[nodiscard]] std::optional<double> follow(ClientKind client, const Round& round,
                                           const std::vector<std::size_t>& sources);

/// Those of the sources that take part in a majority, as chronyd judges it.
[[nodiscard]] std::vector<std::size_t> find_truechimers(const Round& round, const std::vector<std::size_t>& sources);

/// One `pool` line: members that the name server gave, replaced when they fall silent or are outvoted.
class PoolLine {
  public:
    PoolLine(const World& world, Dice dice);

    /// The members followed in this round beside other sources, at most `count`.
    [[nodiscard]] std::vector<std::size_t> members(const Round& round, const std::vector<std::size_t>& others,
                                                   int count);

  private:
    void drop(const Round& round, const std::vector<std::size_t>& others);
    void refill(const Round& round, std::size_t count);

    std::vector<std::size_t> volunteers_;
    std::vector<std::size_t> members_;
    Dice dice_;
};

}  // namespace ntpopt::lab
