// The resolver of the engine: asks a NameSource for what it does not know, remembers every question, answer and failure
// in the cache, and asks for no name more than once an hour. The rules are core/discover/name_record.hpp's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "daemon/io/net/name_source.hpp"
#include "daemon/ports/cache.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/resolver.hpp"

namespace ntpopt {

class NameMemory final : public Resolver {
  public:
    /// All three outlive it and its questions.
    NameMemory(NameSource& source, Cache& cache, const Clock& clock) : source_(source), cache_(cache), clock_(clock) {}

    boost::asio::awaitable<Result<std::vector<Address>>> resolve(HostName name, Families families,
                                                                 Duration deadline) override;
    [[nodiscard]] std::vector<Address> known(const HostName& name) const override;

    /// As NameSource::services(), remembered likewise.
    boost::asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration deadline);

    /// The network is another one: a question that no name server can have got may be asked again at once. What timed
    /// out or was answered waits for its hour in the other network, too.
    void network_changed() { changed_s_ = clock_.now_s(); }

  private:
    [[nodiscard]] std::optional<NameRecord> find(const HostName& name, Families families) const;
    [[nodiscard]] bool settled(const NameRecord& record) const { return !may_ask(record, clock_.now_s(), changed_s_); }
    [[nodiscard]] std::vector<Address> held_for_others(const HostName& name, Families families) const;
    static boost::asio::awaitable<Result<std::vector<Address>>> wait_for(
        std::shared_ptr<boost::asio::steady_timer> other, const NameMemory* self, HostName name, Families families);

    NameSource& source_;
    Cache& cache_;
    const Clock& clock_;
    double changed_s_ = 0;
    std::map<std::string, std::shared_ptr<boost::asio::steady_timer>> open_;  // questions under way
};

}  // namespace ntpopt
