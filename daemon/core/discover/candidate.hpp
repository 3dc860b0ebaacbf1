// A server that might be asked: its endpoint as it would be configured, and what is known of it before any packet.
#pragma once

#include <string>

#include "common/host.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// Where a candidate came from; the earlier word wins where several discoverers name one endpoint.
enum class CandidateSource { configured, current, dhcp, srv, cloud, catalogue, list, pool_zone };

struct Candidate {
    Endpoint endpoint;
    CandidateSource source = CandidateSource::configured;
    bool pool = false;            ///< the name is a pool: its members change, only the name may be configured
    std::string operator_name{};  ///< who runs it, from the catalogue; empty where unknown
    std::string region{};         ///< "asia" or "asia/in"; empty where unknown
    bool regional = false;        ///< of our own country or continent
    bool anycast = false;
    Timescale timescale = Timescale::unknown;
};

[[nodiscard]] std::string_view name_of(CandidateSource source);

/// A source of which nobody who is responsible for this machine knows what it names.
[[nodiscard]] bool is_public(CandidateSource source);

}  // namespace ntpopt
