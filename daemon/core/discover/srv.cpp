// Implementation of srv.hpp.
#include "daemon/core/discover/srv.hpp"

#include <algorithm>
#include <tuple>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxDomains = 6;  // as many as resolv.conf(5) knows of
constexpr std::size_t kMaxServers = 16;

}  // namespace

std::vector<HostName> parse_search_domains(std::string_view resolv_conf) {
    std::vector<HostName> out;
    for (const auto line : lines(resolv_conf)) {
        const auto fields = words(line);
        if (fields.size() < 2 || (fields[0] != "search" && fields[0] != "domain")) continue;
        out.clear();
        for (std::size_t i = 1; i < fields.size() && out.size() < kMaxDomains; ++i) {
            auto name = HostName::parse(fields[i]);
            if (name && std::find(out.begin(), out.end(), *name) == out.end()) out.push_back(*std::move(name));
        }
    }
    return out;
}

std::vector<Candidate> srv_candidates(std::vector<SrvRecord> records) {
    std::stable_sort(records.begin(), records.end(), [](const SrvRecord& a, const SrvRecord& b) {
        return std::tuple(a.priority, -int{a.weight}) < std::tuple(b.priority, -int{b.weight});
    });
    std::vector<Candidate> out;
    for (const auto& record : records) {
        auto name = HostName::parse(record.target);
        if (!name || record.port == 0) continue;
        Candidate candidate{.endpoint = {*std::move(name), record.port}, .source = CandidateSource::srv};
        const auto same = [&](const Candidate& other) { return other.endpoint == candidate.endpoint; };
        if (out.size() < kMaxServers && std::none_of(out.begin(), out.end(), same)) out.push_back(std::move(candidate));
    }
    return out;
}

}  // namespace ntpopt
