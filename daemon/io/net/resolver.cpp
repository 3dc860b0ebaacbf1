// AresResolver: c-ares says which sockets it waits for and when it wants to be woken; Core does that waiting on the
// loop.
#include "daemon/io/net/resolver.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/core/discover/hosts.hpp"
#include "daemon/io/net/routes.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxAddresses = 16;
constexpr int kTries = 4;  // with 400 ms doubling: 6 s a name server, longer than any deadline we give
constexpr std::size_t kMaxHostsBytes = 4 * 1024 * 1024;

/// One name that somebody waits for.
struct Lookup {
    Lookup(asio::io_context& io, std::size_t cap) : per_family(cap), wake(io) {}

    std::size_t per_family;
    std::vector<Address> addresses;
    int pending = 0;               // families without an answer
    int status = ARES_SUCCESS;     // of the last one that brought no address
    Clock::time_point deadline{};  // moved forward when one family has answered
    asio::steady_timer wake;       // cancelled when there is something to look at
};

HostsTable read_hosts(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(kMaxHostsBytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return parse_hosts(text);
}

std::vector<Address> parse_v4(const unsigned char* answer, int length) {
    std::array<ares_addrttl, kMaxAddresses> rows{};
    int count = static_cast<int>(rows.size());
    std::vector<Address> out;
    if (ares_parse_a_reply(answer, length, nullptr, rows.data(), &count) != ARES_SUCCESS) return out;
    for (int i = 0; i < count; ++i) {
        std::array<std::uint8_t, 4> octets{};
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&rows.at(static_cast<std::size_t>(i)).ipaddr), 4,
                    octets.begin());
        out.push_back(Address::v4(octets));
    }
    return out;
}

std::vector<Address> parse_v6(const unsigned char* answer, int length) {
    std::array<ares_addr6ttl, kMaxAddresses> rows{};
    int count = static_cast<int>(rows.size());
    std::vector<Address> out;
    if (ares_parse_aaaa_reply(answer, length, nullptr, rows.data(), &count) != ARES_SUCCESS) return out;
    for (int i = 0; i < count; ++i) {
        std::array<std::uint8_t, 16> octets{};
        std::copy_n(reinterpret_cast<const std::uint8_t*>(&rows.at(static_cast<std::size_t>(i)).ip6addr), 16,
                    octets.begin());
        out.push_back(Address::v6(octets));
    }
    return out;
}

Error failure_of(const Lookup& lookup) {
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
            return {Errc::io, "no name server can be reached"};
        default:
            return {Errc::io, ares_strerror(lookup.status)};
    }
}

}  // namespace

class AresResolver::Core : public std::enable_shared_from_this<AresResolver::Core> {
  public:
    Core(asio::io_context& io, ResolverOptions options) : io_(io), options_(std::move(options)), timer_(io) {}
    ~Core() { close(); }
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    static asio::awaitable<Result<std::vector<Address>>> resolve(std::shared_ptr<Core> core, HostName name,
                                                                 Families families, Duration deadline);

    /// Ends what is under way; nothing can be asked afterwards.
    void end() {
        ended_ = true;
        close();
    }

  private:
    struct Socket {
        Socket(asio::io_context& io, int fd) : descriptor(io, fd) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool reading = false;  // a wait is under way
        bool writing = false;
    };
    struct Question {
        std::weak_ptr<Core> core;
        std::shared_ptr<Lookup> lookup;
        bool v6;
    };

    Status open();
    void close();
    void ask(const HostName& name, const std::shared_ptr<Lookup>& lookup, bool v6);
    void answered(const Question& question, int status, const unsigned char* answer, int length);
    void leave();
    void set_timer();
    void socket_changed(ares_socket_t fd, bool readable, bool writable);
    void wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket);

    asio::io_context& io_;
    ResolverOptions options_;
    asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    HostsTable hosts_;
    std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
    std::size_t waiting_ = 0;  // lookups that somebody waits for
    bool ended_ = false;
};

Status AresResolver::Core::open() {
    if (ended_) return Error{Errc::shutting_down, "the resolver was ended"};
    if (channel_) return {};
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS) return Error{Errc::internal, ares_strerror(library)};
    std::string lookups = "b";  // name servers only: the hosts file is read here, for both families together
    ares_options options{};
    options.timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(options_.try_timeout).count());
    options.tries = kTries;
    options.lookups = lookups.data();
    options.sock_state_cb_data = this;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<Core*>(self)->socket_changed(fd, readable != 0, writable != 0);
    };
    const int status = ares_init_options(
        &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        channel_ = nullptr;
        return Error{Errc::io, fmt::format("starting the resolver: {}", ares_strerror(status))};
    }
    if (!options_.servers.empty()) {
        const int set = ares_set_servers_ports_csv(channel_, options_.servers.c_str());
        if (set != ARES_SUCCESS) {
            close();
            return Error{Errc::invalid_argument, fmt::format("name servers: {}", ares_strerror(set))};
        }
    }
    hosts_ = read_hosts(options_.hosts_file);
    return {};
}

/// Never from inside a callback of c-ares: it destroys the channel.
void AresResolver::Core::close() {
    timer_.cancel();
    if (auto* channel = std::exchange(channel_, nullptr)) ares_destroy(channel);
    hosts_.clear();
}

void AresResolver::Core::ask(const HostName& name, const std::shared_ptr<Lookup>& lookup, bool v6) {
    ++lookup->pending;
    auto question = std::make_unique<Question>(Question{weak_from_this(), lookup, v6});
    const ares_callback on_answer = [](void* raw, int status, int, unsigned char* answer, int length) {
        const std::unique_ptr<Question> owned(static_cast<Question*>(raw));
        --owned->lookup->pending;
        if (const auto core = owned->core.lock())
            core->answered(*owned, status, answer, length);
        else
            owned->lookup->status = status;
        owned->lookup->wake.cancel();
    };
    // A search domain must not turn a public name that does not exist into some local one.
    const auto query = name.text().find('.') == std::string::npos ? ares_search : ares_query;
    query(channel_, name.text().c_str(), ns_c_in, v6 ? ns_t_aaaa : ns_t_a, on_answer, question.release());
}

void AresResolver::Core::answered(const Question& question, int status, const unsigned char* answer, int length) {
    auto& lookup = *question.lookup;
    std::vector<Address> found;
    if (status == ARES_SUCCESS) found = question.v6 ? parse_v6(answer, length) : parse_v4(answer, length);
    std::size_t taken = 0;
    for (const auto& address : found) {
        if (taken == lookup.per_family) break;
        auto& all = lookup.addresses;
        if (address.is_unusable() || std::find(all.begin(), all.end(), address) != all.end()) continue;
        all.push_back(address);
        ++taken;
    }
    if (taken > 0)
        lookup.deadline = std::min(lookup.deadline, Clock::now() + options_.grace);
    else
        lookup.status = status;
}

void AresResolver::Core::leave() {
    if (--waiting_ == 0) close();
}

void AresResolver::Core::set_timer() {
    if (!channel_) return;
    timeval next{};
    if (!ares_timeout(channel_, nullptr, &next)) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec) +
                         std::chrono::milliseconds(1));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (error || !self->channel_) return;
        ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->set_timer();
    });
}

void AresResolver::Core::socket_changed(ares_socket_t fd, bool readable, bool writable) {
    if (!readable && !writable) {  // c-ares is about to close it
        const auto found = sockets_.find(fd);
        if (found == sockets_.end()) return;
        found->second->wants_read = found->second->wants_write = false;
        found->second->descriptor.release();
        sockets_.erase(found);
        return;
    }
    auto& socket = sockets_[fd];
    if (!socket) socket = std::make_shared<Socket>(io_, fd);
    socket->wants_read = readable;
    socket->wants_write = writable;
    wait(fd, socket);
}

void AresResolver::Core::wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
    const auto ready = [self = weak_from_this(), socket, fd](bool read, boost::system::error_code error) {
        (read ? socket->reading : socket->writing) = false;
        const auto core = self.lock();
        if (error || !core || !core->channel_ || !(read ? socket->wants_read : socket->wants_write)) return;
        ares_process_fd(core->channel_, read ? fd : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : fd);
        core->wait(fd, socket);
        core->set_timer();
    };
    if (socket->wants_read && !socket->reading) {
        socket->reading = true;
        socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                      [ready](boost::system::error_code error) { ready(true, error); });
    }
    if (socket->wants_write && !socket->writing) {
        socket->writing = true;
        socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                      [ready](boost::system::error_code error) { ready(false, error); });
    }
}

asio::awaitable<Result<std::vector<Address>>> AresResolver::Core::resolve(std::shared_ptr<Core> core, HostName name,
                                                                          Families families, Duration deadline) {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (auto status = core->open(); !status) co_return status.error();
    if (const auto known = core->hosts_.find(name.text()); known != core->hosts_.end()) {
        std::vector<Address> addresses;
        for (const auto& address : known->second)
            if (address.is_v4() ? families.ipv4 : families.ipv6) addresses.push_back(address);
        if (addresses.size() > kMaxAddresses) addresses.erase(addresses.begin() + kMaxAddresses, addresses.end());
        if (core->waiting_ == 0) core->close();
        if (addresses.empty()) co_return Error{Errc::not_found, "the hosts file has it in the other address family"};
        co_return addresses;
    }
    if (core->options_.check_routes) families = worth_asking(families, routed_families());
    const bool both = families.ipv4 && families.ipv6;
    const auto lookup = std::make_shared<Lookup>(core->io_, both ? kMaxAddresses / 2 : kMaxAddresses);
    lookup->deadline = Clock::now() + deadline;
    ++core->waiting_;
    if (families.ipv4) core->ask(name, lookup, false);
    if (families.ipv6) core->ask(name, lookup, true);
    core->set_timer();
    while (lookup->pending > 0 && Clock::now() < lookup->deadline) {
        lookup->wake.expires_at(lookup->deadline);
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await lookup->wake.async_wait(token);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
    }
    Result<std::vector<Address>> result = lookup->addresses;
    if (lookup->addresses.empty()) result = failure_of(*lookup);
    core->leave();  // may end the questions that are still open, so what they say then no longer counts
    co_return result;
}

AresResolver::AresResolver(asio::io_context& io, ResolverOptions options)
    : core_(std::make_shared<Core>(io, std::move(options))) {}

AresResolver::~AresResolver() {
    core_->end();
}

asio::awaitable<Result<std::vector<Address>>> AresResolver::resolve(HostName name, Families families,
                                                                    Duration deadline) {
    return Core::resolve(core_, std::move(name), families, deadline);
}

}  // namespace ntpopt
