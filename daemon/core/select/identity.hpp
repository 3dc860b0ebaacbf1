// Who counts as one: servers that one hand can make lie together have one vote and one share of the set (SELECTION.md
// 4.1). Built from what a server cannot choose: who runs it, the name it is configured by, and the network it sits in.
// What a server says of itself (refid, reference time) merges nobody's votes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// The groups and the owners of some observations: each belongs to one of either, numbered from 0.
struct Groups {
    std::vector<std::size_t> of;        ///< of every observation, in the order given
    std::vector<std::string> labels;    ///< of every group: operator, domain or network
    std::vector<std::size_t> owner_of;  ///< of every observation: operator or domain; where unknown, one an address
};

/// The part of a name that somebody registered: "ntp1.example.co.uk" belongs to "example.co.uk". Names in the NTP pool
/// stay whole, since their servers have nothing else in common.
[[nodiscard]] std::string registrable_domain(std::string_view name);

/// Groups by union: same /24 (IPv4) or /48 (IPv6), same operator or else same registrable domain. Members of pools, and
/// servers configured by address, are known by their network only. The order of the observations must be canonical.
///
/// A name may resolve to other people's networks, by accident or by malice, and must not weld them into one vote: an
/// operator joins two networks only where that brings no two strangers together that were apart. Where strangers keep
/// its networks apart it is still one owner, so whoever bounds the share of a group bounds that of an owner, too.
[[nodiscard]] Groups find_groups(const std::vector<const Observation*>& observations);

}  // namespace ntpopt
