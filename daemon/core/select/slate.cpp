// Implementation of slate.hpp.
#include "daemon/core/select/slate.hpp"

#include <algorithm>

namespace ntpopt {

bool Slate::holds(std::size_t option) const {
    return std::find(members_.begin(), members_.end(), option) != members_.end();
}

int Slate::slots() const {
    int count = 0;
    for (const auto member : members_)
        count += slots_of(member);
    return count;
}

bool Slate::has_room_for(std::size_t option) const {
    return slots() + slots_of(option) <= trial_.config.sources;
}

std::optional<Bar> Slate::bar(std::size_t option, bool upstream_too, std::optional<std::size_t> leaving) const {
    const auto& joining = trial_.options[option];
    const int cap = group_cap(trial_.config.sources);
    int of_group = 0;
    int of_owner = 0;
    for (const auto member : members_) {
        if (leaving == member) continue;
        const auto& other = trial_.options[member];
        if (joining.pool && other.pool) return Bar{Verdict::same_group, member};
        if (joining.pool || other.pool) continue;
        if (share_address(joining, other)) return Bar{Verdict::same_group, member};
        if ((share(joining, other, &Sighting::group) && ++of_group >= cap) ||
            (share(joining, other, &Sighting::owner) && ++of_owner >= cap))
            return Bar{Verdict::same_group, member};
    }
    for (const auto member : members_) {
        if (!upstream_too || leaving == member) continue;
        const auto& other = trial_.options[member];
        if (share_upstream(joining, other)) return Bar{Verdict::same_upstream, member};
        if (is_anycast(joining) && is_anycast(other)) return Bar{Verdict::same_group, member, true};
    }
    return std::nullopt;
}

/// No service follows one host twice, whatever its names are, and it could not outvote itself.
bool Slate::share_address(const Option& a, const Option& b) const {
    const auto ours = addresses_of(a);
    const auto theirs = addresses_of(b);
    return std::any_of(ours.begin(), ours.end(), [&](const Address* address) {
        return std::any_of(theirs.begin(), theirs.end(), [&](const Address* other) { return *other == *address; });
    });
}

std::vector<const Address*> Slate::addresses_of(const Option& option) const {
    std::vector<const Address*> out;
    if (const auto* address = option.endpoint.host.address()) out.push_back(address);
    for (const auto i : option.sightings)
        if (const auto& address = trial_.sightings[i].seen->address) out.push_back(&*address);
    return out;
}

bool Slate::share(const Option& a, const Option& b, std::size_t Sighting::*what) const {
    for (const auto i : a.sightings)
        for (const auto j : b.sightings)
            if (trial_.sightings[i].*what == trial_.sightings[j].*what) return true;
    return false;
}

bool Slate::is_anycast(const Option& option) const {
    return std::any_of(option.sightings.begin(), option.sightings.end(),
                       [&](std::size_t i) { return trial_.sightings[i].seen->candidate.anycast; });
}

bool Slate::share_upstream(const Option& a, const Option& b) const {
    if (a.pool || b.pool) return false;
    for (const auto i : a.sightings)
        for (const auto j : b.sightings)
            if (shares_upstream(trial_.sightings[i], trial_.sightings[j])) return true;
    return false;
}

}  // namespace ntpopt
