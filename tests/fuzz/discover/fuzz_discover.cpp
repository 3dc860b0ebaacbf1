// Any text as a server list, a lease, resolv.conf, SRV records, firmware's facts and a remembered name: whatever comes
// out is a valid host that the source may name, and within its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/core/discover/leases.hpp"
#include "daemon/core/discover/name_record.hpp"
#include "daemon/core/discover/platform.hpp"
#include "daemon/core/discover/server_list.hpp"
#include "daemon/core/discover/srv.hpp"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntpopt;
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (const auto list = parse_server_list(text)) {
        require(!list->candidates.empty() && list->candidates.size() <= kMaxListServers);
        for (const auto& candidate : list->candidates) {
            require(is_public_host(candidate.endpoint.host));
            require(candidate.operator_name.empty());
            require(Endpoint::parse(candidate.endpoint.text()).value() == candidate.endpoint);
        }
    }
    for (const auto& hosts : {parse_lease_servers(text), parse_networkd_lease(text), parse_dhclient_leases(text, 1e9),
                              parse_chrony_dhcp(text)}) {
        require(hosts.size() <= kMaxLeaseServers);
        for (const auto& host : hosts)
            require(Host::parse(host.text()).value() == host);
        require(dhcp_candidates(hosts).size() == hosts.size());
    }
    require(parse_search_domains(text).size() <= 6);
    require(srv_candidates({{0, 0, 123, text}, {1, 2, 3, text}}).size() <= 2);
    const auto platform = recognise_platform({text, text, text, text, text, {{text, text}}});
    require(platform.candidates.size() <= 2);
    if (const auto document = parse_json(text))
        if (const auto record = parse_name_record(*document)) (void)recall(*record, 1e9);
    return 0;
}
