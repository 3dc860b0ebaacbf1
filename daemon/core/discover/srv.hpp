// NTP servers that a domain announces for itself by SRV records (RFC 2782) of _ntp._udp: the order in which they count,
// and the search domains that are asked for them. The question itself is daemon/io/net/resolver.cpp's work.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/discover/candidate.hpp"

namespace ntpopt {

struct SrvRecord {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;
};

/// What is asked of a search domain, without the domain.
inline constexpr std::string_view kNtpService = "_ntp._udp";

/// The domains of resolv.conf(5)'s last "search" or "domain" line, each once, at most 6; "." is none.
[[nodiscard]] std::vector<HostName> parse_search_domains(std::string_view resolv_conf);

/// The servers, lowest priority and then highest weight first, at most 16. A target of "." says that the service is not
/// there (RFC 2782); a target that is no host name and port 0 are passed over.
[[nodiscard]] std::vector<Candidate> srv_candidates(std::vector<SrvRecord> records);

}  // namespace ntpopt
