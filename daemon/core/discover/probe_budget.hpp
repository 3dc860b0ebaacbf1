// Whom one round may ask: so many addresses at most, and no host on two ports, since the rules for clients count its
// packets, whichever door they come to (docs/traffic.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "common/host.hpp"

namespace ntpopt {

class ProbeBudget {
  public:
    /// `most`: addresses a round. `reserved`: places among them for names that must not go without because others,
    /// asked earlier, have many addresses.
    ProbeBudget(std::size_t most, std::size_t reserved) : most_(most), reserved_(reserved) {}

    /// One of the reserved places is free: its name has its turn.
    void release() { --reserved_; }

    /// Whether the address may be asked on that port, which it may where it is already; another port of it only on
    /// this machine.
    [[nodiscard]] bool take(const Address& address, std::uint16_t port);

    [[nodiscard]] bool is_full() const { return taken_.size() + reserved_ >= most_; }
    [[nodiscard]] std::size_t taken() const { return taken_.size(); }

  private:
    std::size_t most_;
    std::size_t reserved_;
    std::set<std::pair<Address, std::uint16_t>> taken_;
};

}  // namespace ntpopt
