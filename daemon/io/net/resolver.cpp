// AresResolver: the questions, the patience between two families, and what the answers say.
#include "daemon/io/net/resolver.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <tuple>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/core/discover/hosts.hpp"
#include "daemon/io/net/dns_channel.hpp"
#include "daemon/io/net/routes.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxAddresses = 16;
constexpr int kDay_s = 86400;
constexpr std::size_t kMaxServices = 64;
constexpr std::size_t kMaxHostsBytes = 4 * 1024 * 1024;

/// One name that somebody waits for.
struct Lookup {
    Lookup(asio::io_context& io, std::size_t cap, Duration patience) : per_family(cap), grace(patience), wake(io) {}

    std::size_t per_family;
    Duration grace;
    std::vector<Address> addresses;
    int ttl_s = kDay_s;  // the least of all
    std::vector<SrvRecord> services;
    int pending = 0;               // questions without an answer
    int status = ARES_SUCCESS;     // of the last one that brought no address
    Clock::time_point deadline{};  // moved forward when one family has answered
    asio::steady_timer wake;       // cancelled when there is something to look at
};

/// By which a changed hosts file is told: device, inode, size, time of its last change.
using HostsStamp = std::tuple<dev_t, ino_t, off_t, time_t, long>;

HostsTable read_hosts(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(kMaxHostsBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return parse_hosts(text);
}

std::vector<Address> parse_v4(const unsigned char* answer, int length, int& ttl_s) {
    std::array<ares_addrttl, kMaxAddresses> rows{};
    int count = static_cast<int>(rows.size());
    std::vector<Address> out;
    if (ares_parse_a_reply(answer, length, nullptr, rows.data(), &count) != ARES_SUCCESS) return out;
    for (int i = 0; i < count; ++i) {
        std::array<std::uint8_t, 4> octets{};
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&rows.at(static_cast<std::size_t>(i)).ipaddr), 4,
                    octets.begin());
        ttl_s = std::min(ttl_s, std::max(rows.at(static_cast<std::size_t>(i)).ttl, 0));
        out.push_back(Address::v4(octets));
    }
    return out;
}

std::vector<Address> parse_v6(const unsigned char* answer, int length, int& ttl_s) {
    std::array<ares_addr6ttl, kMaxAddresses> rows{};
    int count = static_cast<int>(rows.size());
    std::vector<Address> out;
    if (ares_parse_aaaa_reply(answer, length, nullptr, rows.data(), &count) != ARES_SUCCESS) return out;
    for (int i = 0; i < count; ++i) {
        std::array<std::uint8_t, 16> octets{};
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&rows.at(static_cast<std::size_t>(i)).ip6addr), 16,
                    octets.begin());
        ttl_s = std::min(ttl_s, std::max(rows.at(static_cast<std::size_t>(i)).ttl, 0));
        out.push_back(Address::v6(octets));
    }
    return out;
}

std::vector<SrvRecord> parse_srv(const unsigned char* answer, int length) {
    ares_srv_reply* first = nullptr;
    std::vector<SrvRecord> out;
    if (ares_parse_srv_reply(answer, length, &first) != ARES_SUCCESS) return out;
    for (const auto* row = first; row && out.size() < kMaxServices; row = row->next)
        out.push_back({row->priority, row->weight, row->port, row->host ? row->host : ""});
    ares_free_data(first);
    return out;
}

void take_addresses(Lookup& lookup, const std::vector<Address>& found) {
    std::size_t taken = 0;
    for (const auto& address : found) {
        if (taken == lookup.per_family) break;
        auto& all = lookup.addresses;
        if (address.is_unusable() || std::find(all.begin(), all.end(), address) != all.end()) continue;
        all.push_back(address);
        ++taken;
    }
    if (taken > 0) lookup.deadline = std::min(lookup.deadline, Clock::now() + lookup.grace);
}

/// `heard`: a name server may have got a question.
Error failure_of(const Lookup& lookup, bool heard) {
    if (lookup.pending > 0 || lookup.status == ARES_ETIMEOUT) return {Errc::timeout, "no name server answered in time"};
    switch (lookup.status) {
        case ARES_ENOTFOUND:
            return {Errc::not_found, "the name does not exist"};
        case ARES_ENODATA:
        case ARES_SUCCESS:
            return {Errc::not_found, "the name has no usable address"};
        case ARES_EDESTRUCTION:
        case ARES_ECANCELLED:
            return {Errc::shutting_down, "the resolver was ended"};
        case ARES_ESERVFAIL:
            return {Errc::io, "the name servers could not answer"};
        case ARES_EREFUSED:
            return {Errc::io, "the name servers refused to answer"};
        case ARES_ECONNREFUSED:
            if (heard) return {Errc::io, "the name servers could not answer"};
            return {Errc::unavailable, "no name server can be reached"};
        default:
            return {Errc::io, ares_strerror(lookup.status)};
    }
}

}  // namespace

class AresResolver::Core {
  public:
    Core(asio::io_context& io, ResolverOptions options)
        : io_(io),
          options_(std::move(options)),
          channel_(std::make_shared<DnsChannel>(io, options_.servers, options_.try_timeout)) {}

    static asio::awaitable<Result<NameAnswer>> lookup(std::shared_ptr<Core> core, HostName name, Families families,
                                                      Duration deadline);
    static asio::awaitable<Result<std::vector<Address>>> addresses(std::shared_ptr<Core> core, HostName name,
                                                                   Families families, Duration deadline);
    static asio::awaitable<Result<std::vector<SrvRecord>>> services(std::shared_ptr<Core> core, std::string name,
                                                                    Duration deadline);

    [[nodiscard]] Families worth_asking(Families families) const;
    [[nodiscard]] std::optional<Result<NameAnswer>> local(const HostName& name, Families families);

    /// Ends what is under way; nothing can be asked afterwards.
    void end() {
        ended_ = true;
        close();
    }

  private:
    Status open();
    void close();
    void ask(const std::string& name, int type, const std::shared_ptr<Lookup>& lookup);
    static asio::awaitable<void> settle(std::shared_ptr<Core> core, std::shared_ptr<Lookup> lookup);

    asio::io_context& io_;
    ResolverOptions options_;
    std::shared_ptr<DnsChannel> channel_;
    HostsTable hosts_;
    HostsStamp hosts_stamp_{};
    std::size_t waiting_ = 0;  // lookups that somebody waits for
    bool ended_ = false;
};

Status AresResolver::Core::open() {
    if (ended_) return Error{Errc::shutting_down, "the resolver was ended"};
    if (waiting_ > 0) return {};
    return channel_->open();
}

Families AresResolver::Core::worth_asking(Families families) const {
    return options_.check_routes ? ntpopt::worth_asking(families, routed_families()) : families;
}

void AresResolver::Core::close() {
    channel_->close();
}

void AresResolver::Core::ask(const std::string& name, int type, const std::shared_ptr<Lookup>& lookup) {
    ++lookup->pending;
    // A search domain must not turn a public name that does not exist into some local one.
    const bool search = name.find('.') == std::string::npos;
    channel_->ask(name, type, search, [lookup, type](int status, const unsigned char* answer, int length) {
        --lookup->pending;
        const auto before = lookup->addresses.size() + lookup->services.size();
        if (status == ARES_SUCCESS && type == ns_t_srv)
            lookup->services = parse_srv(answer, length);
        else if (status == ARES_SUCCESS)
            take_addresses(*lookup, type == ns_t_aaaa ? parse_v6(answer, length, lookup->ttl_s)
                                                      : parse_v4(answer, length, lookup->ttl_s));
        if (lookup->addresses.size() + lookup->services.size() == before) lookup->status = status;
        lookup->wake.cancel();
    });
}

std::optional<Result<NameAnswer>> AresResolver::Core::local(const HostName& name, Families families) {
    // Read again only when it is another file or has changed.
    struct stat now {};
    if (stat(options_.hosts_file.c_str(), &now) != 0) return std::nullopt;
    const HostsStamp stamp{now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
    if (stamp != hosts_stamp_) {
        hosts_ = read_hosts(options_.hosts_file);
        hosts_stamp_ = stamp;
    }
    const auto known = hosts_.find(name.text());
    if (known == hosts_.end()) return std::nullopt;
    NameAnswer answer;
    for (const auto& address : known->second)
        if ((address.is_v4() ? families.ipv4 : families.ipv6) && answer.addresses.size() < kMaxAddresses)
            answer.addresses.push_back(address);
    if (answer.addresses.empty()) return Error{Errc::not_found, "the hosts file has it in the other address family"};
    return answer;
}

/// Waits until every question is answered, the deadline has passed or the caller is cancelled.
asio::awaitable<void> AresResolver::Core::settle(std::shared_ptr<Core> core, std::shared_ptr<Lookup> lookup) {
    ++core->waiting_;
    while (lookup->pending > 0 && Clock::now() < lookup->deadline) {
        lookup->wake.expires_at(lookup->deadline);
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await lookup->wake.async_wait(token);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
    }
    --core->waiting_;
}

asio::awaitable<Result<NameAnswer>> AresResolver::Core::lookup(std::shared_ptr<Core> core, HostName name,
                                                               Families families, Duration deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (auto known = core->local(name, families)) co_return *std::move(known);
    if (auto status = core->open(); !status) co_return status.error();
    families = core->worth_asking(families);
    const auto cap = families.ipv4 && families.ipv6 ? kMaxAddresses / 2 : kMaxAddresses;
    const auto lookup = std::make_shared<Lookup>(core->io_, cap, core->options_.grace);
    lookup->deadline = Clock::now() + deadline;
    if (families.ipv4) core->ask(name.text(), ns_t_a, lookup);
    if (families.ipv6) core->ask(name.text(), ns_t_aaaa, lookup);
    co_await settle(core, lookup);
    Result<NameAnswer> result = failure_of(*lookup, core->channel_->heard());
    NameAnswer answer;
    answer.addresses = lookup->addresses;
    answer.ttl_s = lookup->ttl_s;
    if (!answer.addresses.empty()) result = std::move(answer);
    // May end the questions that are still open, so what they say then no longer counts.
    if (core->waiting_ == 0) core->close();
    co_return result;
}

asio::awaitable<Result<std::vector<SrvRecord>>> AresResolver::Core::services(std::shared_ptr<Core> core,
                                                                             std::string name, Duration deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (auto status = core->open(); !status) co_return status.error();
    const auto lookup = std::make_shared<Lookup>(core->io_, kMaxAddresses, core->options_.grace);
    lookup->deadline = Clock::now() + deadline;
    core->ask(name, ns_t_srv, lookup);
    co_await settle(core, lookup);
    Result<std::vector<SrvRecord>> result = failure_of(*lookup, core->channel_->heard());
    if (!lookup->services.empty()) result = std::move(lookup->services);
    if (core->waiting_ == 0) core->close();
    co_return result;
}

asio::awaitable<Result<std::vector<Address>>> AresResolver::Core::addresses(std::shared_ptr<Core> core, HostName name,
                                                                            Families families, Duration deadline) {
    auto answer = co_await lookup(std::move(core), std::move(name), families, deadline);
    if (!answer) co_return answer.error();
    co_return std::move(answer->addresses);
}

AresResolver::AresResolver(asio::io_context& io, ResolverOptions options)
    : core_(std::make_shared<Core>(io, std::move(options))) {}

AresResolver::~AresResolver() {
    core_->end();
}

std::optional<Result<NameAnswer>> AresResolver::local(const HostName& name, Families families) {
    return core_->local(name, families);
}

Families AresResolver::worth_asking(Families families) {
    return core_->worth_asking(families);
}

asio::awaitable<Result<NameAnswer>> AresResolver::lookup(HostName name, Families families, Duration deadline) {
    return Core::lookup(core_, std::move(name), families, deadline);
}

asio::awaitable<Result<std::vector<Address>>> AresResolver::resolve(HostName name, Families families,
                                                                    Duration deadline) {
    return Core::addresses(core_, std::move(name), families, deadline);
}

asio::awaitable<Result<std::vector<SrvRecord>>> AresResolver::services(HostName domain, Duration deadline) {
    return Core::services(core_, std::string(kNtpService) + '.' + domain.text(), deadline);
}

}  // namespace ntpopt
