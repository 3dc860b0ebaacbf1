// Server lists of `discovery.lists`: fetched over HTTPS or read from files, the last good copy kept in the cache and
// used while a fetch fails, its age told.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>

#include "daemon/core/discover/fetching.hpp"
#include "daemon/ports/cache.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/discoverer.hpp"
#include "daemon/ports/resolver.hpp"

namespace ntpopt {

class ListedServers final : public Discoverer {
  public:
    /// `fetch_program` is the path of ntpopt-fetch. The others outlive it.
    ListedServers(std::string fetch_program, Resolver& resolver, Cache& cache, const Clock& clock);

    [[nodiscard]] std::string_view name() const override { return "lists"; }
    /// All lists at the same time, each for at most 10 s and no more often than once an hour.
    boost::asio::awaitable<Result<Discovered>> discover(Config config, ServiceObservation service) override;

  private:
    boost::asio::awaitable<Result<Discovered>> read_list(std::string url);
    boost::asio::awaitable<Result<FetchReply>> ask(CachedList kept);
    boost::asio::awaitable<Result<std::vector<Address>>> addresses_of(Host host, Duration deadline);
    boost::asio::awaitable<void> fetch_list(CachedList* kept, std::vector<std::string>* notes);

    std::string fetch_program_;
    Resolver& resolver_;
    Cache& cache_;
    const Clock& clock_;
};

}  // namespace ntpopt
