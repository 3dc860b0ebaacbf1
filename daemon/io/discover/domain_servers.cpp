// Implementation of domain_servers.hpp.
#include "daemon/io/discover/domain_servers.hpp"

#include "daemon/core/discover/srv.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxBytes = 65536;
constexpr Duration kDeadline = std::chrono::seconds(5);  // for all domains together

}  // namespace

asio::awaitable<Result<Discovered>> DomainServers::discover(Config config, ServiceObservation) {
    Discovered out;
    if (!config.discovery.srv) co_return out;
    const auto text = read_foreign_file(resolv_conf_, kMaxBytes);
    if (!text) co_return text.error();
    const auto domains = parse_search_domains(text->value_or(""));
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    for (const auto& domain : domains) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= Duration::zero()) break;
        auto records = co_await names_.services(domain, left);
        if (records) {
            for (auto& candidate : srv_candidates(*std::move(records)))
                out.candidates.push_back(std::move(candidate));
        } else if (records.error().code != Errc::not_found) {
            out.notes.push_back(domain.text() + ": " + records.error().detail);
        }
    }
    co_return out;
}

}  // namespace ntpopt
