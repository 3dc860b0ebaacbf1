// Implementation of domain_servers.hpp.
#include "daemon/io/discover/domain_servers.hpp"

#include "daemon/core/discover/srv.hpp"
#include "daemon/io/sys/files.hpp"
#include "daemon/ports/gather.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxBytes = 65536;

}  // namespace

/// All domains at the same time, so that one whose name servers are silent takes no time from the others.
asio::awaitable<Result<Discovered>> DomainServers::discover(Config config, ServiceObservation) {
    Discovered out;
    if (!config.discovery.srv) co_return out;
    const auto text = read_foreign_file(resolv_conf_, kMaxBytes);
    if (!text) co_return text.error();
    const auto domains = parse_search_domains(text->value_or(""));
    std::vector<asio::awaitable<Result<std::vector<SrvRecord>>>> tasks;
    for (const auto& domain : domains)
        tasks.push_back(names_.services(domain, deadline_));
    auto answers = co_await gather(std::move(tasks));
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i]) {
            for (auto& candidate : srv_candidates(*std::move(answers[i])))
                out.candidates.push_back(std::move(candidate));
        } else if (answers[i].error().code != Errc::not_found) {
            out.notes.push_back(domains[i].text() + ": " + answers[i].error().detail);
        }
    }
    co_return out;
}

}  // namespace ntpopt
