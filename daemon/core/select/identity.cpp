// Implementation of identity.hpp.
#include "daemon/core/select/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::array<std::string_view, 14> kSecondLevel{"ac",  "co", "com", "edu", "go", "gob", "gov",
                                                        "mil", "ne", "net", "nom", "or", "org", "sch"};

/// The address with everything behind its prefix cleared: the key of its network.
Address network_of(const Address& address) {
    auto octets = address.octets();
    std::fill(octets.begin() + (address.is_v4() ? 3 : 6), octets.end(), std::uint8_t{0});
    return address.is_v4() ? Address::v4({octets[0], octets[1], octets[2], 0}) : Address::v6(octets);
}

/// Disjoint sets of networks, each with the operators that have servers in it.
class Sets {
  public:
    explicit Sets(std::size_t count) : parent_(count), owners_(count) {
        std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    }
    std::size_t find(std::size_t node) {
        while (parent_[node] != node)
            node = parent_[node] = parent_[parent_[node]];
        return node;
    }
    void add_owner(std::size_t node, int owner) { owners_[find(node)].insert(owner); }

    /// Joins two sets on behalf of `owner`, unless each holds a stranger to the other.
    void join_for(int owner, std::size_t a, std::size_t b) {
        a = find(a);
        b = find(b);
        if (a == b || (!all_known(owner, owners_[a], owners_[b]) && !all_known(owner, owners_[b], owners_[a]))) return;
        if (owners_[a].size() < owners_[b].size()) std::swap(a, b);
        owners_[a].insert(owners_[b].begin(), owners_[b].end());
        parent_[b] = a;
    }

  private:
    static bool all_known(int owner, const std::set<int>& some, const std::set<int>& others) {
        return std::all_of(some.begin(), some.end(), [&](int one) { return one == owner || others.contains(one); });
    }
    std::vector<std::size_t> parent_;
    std::vector<std::set<int>> owners_;
};

/// The operator of every observation, by number in the order of their names; -1 where only the network is known.
struct Owners {
    std::vector<int> of;
    std::vector<std::string> names;
};

Owners find_owners(const std::vector<const Observation*>& observations) {
    // A server whose operator the catalogue does not name belongs to the one operator that is known in its domain.
    std::map<std::string, std::set<std::string>> operators_of_domain;
    std::vector<std::string> domains(observations.size());
    for (std::size_t i = 0; i < observations.size(); ++i) {
        const auto& candidate = observations[i]->candidate;
        if (candidate.pool || !candidate.endpoint.host.name()) continue;
        domains[i] = registrable_domain(candidate.endpoint.host.name()->text());
        auto& operators = operators_of_domain[domains[i]];
        if (!candidate.operator_name.empty()) operators.insert(to_lower(candidate.operator_name));
    }
    std::vector<std::string> names(observations.size());
    std::map<std::string, int> numbers;
    for (std::size_t i = 0; i < observations.size(); ++i) {
        const auto& candidate = observations[i]->candidate;
        if (candidate.pool) continue;
        if (!candidate.operator_name.empty()) {
            names[i] = to_lower(candidate.operator_name);
        } else if (!domains[i].empty()) {
            const auto& operators = operators_of_domain[domains[i]];
            names[i] = operators.size() == 1 ? *operators.begin() : domains[i];
        }
        if (!names[i].empty()) numbers.emplace(names[i], 0);
    }
    Owners out;
    for (auto& [name, number] : numbers) {
        number = static_cast<int>(out.names.size());
        out.names.push_back(name);
    }
    for (const auto& name : names)
        out.of.push_back(name.empty() ? -1 : numbers.at(name));
    return out;
}

/// What a server without an owner is known by.
std::string key_of(const Observation& seen) {
    return seen.address ? seen.address->text() : seen.candidate.endpoint.host.text();
}

}  // namespace

std::string registrable_domain(std::string_view name) {
    if (name == "pool.ntp.org" || name.ends_with(".pool.ntp.org")) return std::string(name);
    const auto labels = split(name, '.');
    if (labels.size() < 3) return std::string(name);
    const bool second_level = labels.back().size() == 2 && std::find(kSecondLevel.begin(), kSecondLevel.end(),
                                                                     labels[labels.size() - 2]) != kSecondLevel.end();
    const std::size_t keep = second_level ? 3 : 2;
    std::size_t length = keep - 1;
    for (std::size_t i = labels.size() - keep; i < labels.size(); ++i)
        length += labels[i].size();
    return std::string(name.substr(name.size() - length));
}

Groups find_groups(const std::vector<const Observation*>& observations) {
    const auto owners = find_owners(observations);
    // Networks in the order of their addresses, then one set for every server without an address, which belongs to its
    // operator alone.
    std::map<Address, std::size_t> networks;
    for (const auto* seen : observations)
        if (seen->address) networks.emplace(network_of(*seen->address), 0);
    std::size_t sets = 0;
    for (auto& [network, number] : networks)
        number = sets++;
    std::vector<std::size_t> set_of(observations.size());
    for (std::size_t i = 0; i < observations.size(); ++i)
        set_of[i] = observations[i]->address ? networks.at(network_of(*observations[i]->address)) : sets++;

    Sets joined(sets);
    std::map<int, std::set<std::size_t>> sets_of_owner;
    for (std::size_t i = 0; i < observations.size(); ++i) {
        if (owners.of[i] < 0) continue;
        joined.add_owner(set_of[i], owners.of[i]);
        sets_of_owner[owners.of[i]].insert(set_of[i]);
    }
    for (const auto& [owner, own] : sets_of_owner)
        for (const auto set : own)
            joined.join_for(owner, *own.begin(), set);

    Groups out;
    std::map<std::string, std::size_t> nameless;
    std::map<std::size_t, std::size_t> number_of_root;
    for (std::size_t i = 0; i < observations.size(); ++i) {
        const auto [at, is_new] = number_of_root.emplace(joined.find(set_of[i]), out.labels.size());
        if (is_new) out.labels.emplace_back();
        out.of.push_back(at->second);
        out.owner_of.push_back(owners.of[i] >= 0
                                   ? static_cast<std::size_t>(owners.of[i])
                                   : owners.names.size() +
                                         nameless.emplace(key_of(*observations[i]), nameless.size()).first->second);
        auto& label = out.labels[at->second];
        if (owners.of[i] >= 0) {
            const auto& name = owners.names[static_cast<std::size_t>(owners.of[i])];
            // A label with a '/' is only a network: the operator says more.
            if (label.empty() || label.find('/') != std::string::npos || name < label) label = name;
        } else if (label.empty() && observations[i]->address) {
            const auto& address = *observations[i]->address;
            label = fmt::format("{}/{}", network_of(address).text(), address.is_v4() ? 24 : 48);
        } else if (label.empty()) {
            label = observations[i]->candidate.endpoint.host.text();
        }
    }
    return out;
}

}  // namespace ntpopt
