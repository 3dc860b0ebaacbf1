// A set in the making, and what keeps a server out of it (SELECTION.md 4.7). Only the choice uses it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "daemon/core/select/trial.hpp"

namespace ntpopt {

struct Bar {
    Verdict verdict = Verdict::same_group;
    std::size_t other = 0;
    bool anycast = false;  ///< both are
};

/// A set in the making, of options of the trial by their numbers.
class Slate {
  public:
    Slate(const Trial& trial, int pool_floor) : trial_(trial), pool_floor_(pool_floor) {}

    [[nodiscard]] const std::vector<std::size_t>& members() const { return members_; }
    [[nodiscard]] bool holds(std::size_t option) const;
    void add(std::size_t option) { members_.push_back(option); }
    void remove(std::size_t option) { std::erase(members_, option); }

    /// How many places its members fill.
    [[nodiscard]] int slots() const;
    [[nodiscard]] bool has_room_for(std::size_t option) const;

    /// What keeps an option out of this set, were `leaving` not in it. Two incumbents may share an upstream: servers
    /// change theirs all the time, and no incumbent is worth less for it. Which host of an anycast service answers may
    /// change at any moment (RFC 8633 7), so one such service is enough.
    [[nodiscard]] std::optional<Bar> bar(std::size_t option, bool upstream_too = true,
                                         std::optional<std::size_t> leaving = std::nullopt) const;

  private:
    [[nodiscard]] int slots_of(std::size_t option) const { return trial_.options[option].pool ? pool_floor_ : 1; }
    [[nodiscard]] bool share_address(const Option& a, const Option& b) const;
    [[nodiscard]] std::vector<const Address*> addresses_of(const Option& option) const;
    [[nodiscard]] bool share(const Option& a, const Option& b, std::size_t Sighting::*what) const;
    [[nodiscard]] bool is_anycast(const Option& option) const;
    [[nodiscard]] bool share_upstream(const Option& a, const Option& b) const;

    const Trial& trial_;
    int pool_floor_;
    std::vector<std::size_t> members_;
};

}  // namespace ntpopt
