// The events that change the decision's memory, for state.hpp.
#include "daemon/core/select/state.hpp"

#include <algorithm>
#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr double kDay_s = 86400;
constexpr double kLongestPenalty_s = 90 * kDay_s;

/// The oldest entries beyond the limit go.
template <typename Map, typename Touched>
void trim_map(Map& map, Touched touched) {
    if (map.size() <= kMaxRemembered) return;
    std::vector<double> times;
    times.reserve(map.size());
    for (const auto& [key, value] : map)
        times.push_back(touched(value));
    auto excess = map.size() - kMaxRemembered;
    const auto cut = times.begin() + static_cast<std::ptrdiff_t>(excess) - 1;
    std::nth_element(times.begin(), cut, times.end());
    for (auto it = map.begin(); it != map.end() && excess > 0;) {
        if (touched(it->second) <= *cut) {
            it = map.erase(it);
            --excess;
        } else {
            ++it;
        }
    }
}

/// When it bars nobody from the choice any more.
double last_bar_s(const Penalty& penalty) {
    return std::max({penalty.blacklisted_until_s, penalty.banned_until_s, penalty.held_until_s});
}

}  // namespace

SelectionState commit(SelectionState state, bool applied) {
    if (applied && !state.proposed.empty()) state.incumbents = std::move(state.proposed);
    state.proposed.clear();
    return state;
}

SelectionState note_rolled_back(SelectionState state, const std::vector<std::string>& names, double now_s) {
    for (const auto& name : names) {
        const bool stands = std::any_of(state.incumbents.begin(), state.incumbents.end(),
                                        [&](const Incumbent& incumbent) { return incumbent.endpoint.text() == name; });
        if (stands) continue;
        auto& penalty = state.penalties[name];
        penalty.rollbacks = std::min(penalty.rollbacks + 1, 16);
        penalty.held_until_s = now_s + std::min(kDay_s * std::exp2(penalty.rollbacks - 1), kLongestPenalty_s);
        penalty.touched_s = now_s;
    }
    forget_excess(state);
    state.proposed.clear();
    return state;
}

SelectionState forget_selection(SelectionState state) {
    state.incumbents.clear();
    state.proposed.clear();
    return state;
}

SelectionState blacklist(SelectionState state, std::string_view name, double until_s, double now_s) {
    auto& penalty = state.penalties[to_lower(name)];
    penalty.by_hand = true;
    penalty.blacklisted_until_s = until_s;
    penalty.touched_s = now_s;
    forget_excess(state);
    return state;
}

SelectionState unblacklist(SelectionState state, std::string_view name) {
    state.penalties.erase(to_lower(name));
    return state;
}

std::vector<BlacklistEntry> list_blacklist(const SelectionState& state, double now_s) {
    std::vector<BlacklistEntry> out;
    for (const auto& [name, penalty] : state.penalties) {
        if (penalty.blacklisted_until_s > now_s)
            out.push_back({name, penalty.blacklisted_until_s, penalty.by_hand,
                           penalty.by_hand ? "by hand" : "failed round after round"});
        else if (penalty.banned_until_s > now_s)
            out.push_back({name, penalty.banned_until_s, false, "it told us to go away (kiss-o'-death)"});
    }
    return out;
}

Bars find_bars(const SelectionState& state, const Endpoint& endpoint, const std::optional<Address>& address,
               double now_s) {
    Bars out;
    const auto look_at = [&](const std::string& key) {
        const auto found = state.penalties.find(key);
        if (found == state.penalties.end()) return;
        const Penalty& penalty = found->second;
        const auto note = [&](const Penalty*& bar, double until_s, bool rather = false) {
            if (until_s > now_s && (!bar || rather)) bar = &penalty;
        };
        note(out.blacklisted, penalty.blacklisted_until_s, penalty.by_hand);
        note(out.banned, penalty.banned_until_s);
        note(out.held, penalty.held_until_s);
        note(out.paused, penalty.paused_until_s);
    };
    if (state.penalties.empty()) return out;
    look_at(endpoint.text());
    if (endpoint.port != kNtpPort) look_at(endpoint.host.text());
    if (address) look_at(address->text());
    return out;
}

bool is_probe_barred(const SelectionState& state, const Endpoint& endpoint, const std::optional<Address>& address,
                     double now_s) {
    const auto bars = find_bars(state, endpoint, address, now_s);
    if (bars.banned || bars.paused) return true;
    if (!bars.blacklisted || bars.blacklisted->by_hand) return bars.blacklisted != nullptr;
    return std::none_of(state.incumbents.begin(), state.incumbents.end(),
                        [&](const Incumbent& held) { return !held.pool && held.endpoint == endpoint; });
}

void pull_back_penalties(SelectionState& state, double now_s) {
    for (auto& [name, penalty] : state.penalties) {
        const double ahead_s = penalty.touched_s - now_s;
        if (ahead_s <= kDay_s) continue;
        const auto pull_back = [ahead_s](double& until_s) { until_s = std::max(0.0, until_s - ahead_s); };
        if (!penalty.by_hand) pull_back(penalty.blacklisted_until_s);
        pull_back(penalty.banned_until_s);
        pull_back(penalty.held_until_s);
        pull_back(penalty.paused_until_s);
        penalty.touched_s = now_s;
    }
}

void forget_old(SelectionState& state, double now_s) {
    const double oldest_s = now_s - kForgetAfter_s;
    const auto is_old = [&](const auto& entry) { return entry.second.updated_s < oldest_s; };
    std::erase_if(state.servers, is_old);
    std::erase_if(state.pools, is_old);
    std::erase_if(state.penalties, [&](const auto& entry) {
        const Penalty& penalty = entry.second;
        return penalty.touched_s < oldest_s && last_bar_s(penalty) <= now_s;
    });
}

void forget_excess(SelectionState& state) {
    const auto updated = [](const auto& entry) { return entry.updated_s; };
    trim_map(state.servers, updated);
    trim_map(state.pools, updated);
    // What somebody asked for goes last, whatever the clock said then.
    trim_map(state.penalties, [](const Penalty& penalty) { return penalty.by_hand ? kForever : penalty.touched_s; });
}

}  // namespace ntpopt
