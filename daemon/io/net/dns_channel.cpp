// Implementation of dns_channel.hpp.
#include "daemon/io/net/dns_channel.hpp"

#include <arpa/nameser.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr int kTries = 4;  // with 400 ms doubling: 6 s a name server, longer than any deadline we give

/// What c-ares does itself, and an ear beside it: its status does not tell a name server that refused to answer from
/// none at all.
constexpr ares_socket_functions kHands{
    [](int family, int type, int protocol, void*) -> ares_socket_t {
        return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    },
    [](ares_socket_t fd, void*) { return ::close(fd); },
    [](ares_socket_t fd, const sockaddr* server, ares_socklen_t size, void*) { return connect(fd, server, size); },
    [](ares_socket_t fd, void* buffer, std::size_t size, int flags, sockaddr* from, ares_socklen_t* from_size,
       void* heard) -> ares_ssize_t {
        const auto received = recvfrom(fd, buffer, size, flags, from, from_size);
        if (received > 0) *static_cast<bool*>(heard) = true;
        return received;
    },
    [](ares_socket_t fd, const iovec* parts, int count, void*) -> ares_ssize_t {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        // The refusal of an earlier question is none of this one; its own comes to whoever reads, and counts for both.
        const auto sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        return sent < 0 && errno == ECONNREFUSED ? sendmsg(fd, &message, MSG_NOSIGNAL) : sent;
    }};

}  // namespace

DnsChannel::DnsChannel(asio::io_context& io, std::string servers, Duration try_timeout)
    : servers_(std::move(servers)),
      try_timeout_(try_timeout),
      timer_(io),
      watch_(io, [this](int fd, bool read, bool write) {
          if (!channel_) return;
          ares_process_fd(channel_, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
          set_timer();
      }) {}

DnsChannel::~DnsChannel() {
    close();
}

Status DnsChannel::open() {
    if (channel_) return {};
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS) return Error{Errc::internal, ares_strerror(library)};
    std::string lookups = "b";  // name servers only: the hosts file is read by the resolver, for both families together
    ares_options options{};
    options.timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(try_timeout_).count());
    options.tries = kTries;
    options.lookups = lookups.data();
    options.sock_state_cb_data = &watch_;
    options.sock_state_cb = [](void* watch, ares_socket_t fd, int readable, int writable) {
        static_cast<SocketWatch*>(watch)->set(fd, readable != 0, writable != 0);
    };
    const int status = ares_init_options(
        &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
        channel_ = nullptr;
        return Error{Errc::io, fmt::format("starting the resolver: {}", ares_strerror(status))};
    }
    heard_ = false;
    ares_set_socket_functions(channel_, &kHands, &heard_);
    if (servers_.empty()) return {};
    const int set = ares_set_servers_ports_csv(channel_, servers_.c_str());
    if (set == ARES_SUCCESS) return {};
    close();
    return Error{Errc::invalid_argument, fmt::format("name servers: {}", ares_strerror(set))};
}

void DnsChannel::close() {
    timer_.cancel();
    if (auto* channel = std::exchange(channel_, nullptr)) ares_destroy(channel);
}

void DnsChannel::ask(const std::string& name, int type, bool search, OnAnswer on_answer) {
    auto question = std::make_unique<Question>(Question{std::move(on_answer), heard_});
    const ares_callback answered = [](void* raw, int status, int timeouts, unsigned char* answer, int length) {
        const std::unique_ptr<Question> owned(static_cast<Question*>(raw));
        if (timeouts > 0) owned->heard = true;
        owned->on_answer(status, answer, length);
    };
    (search ? ares_search : ares_query)(channel_, name.c_str(), ns_c_in, type, answered, question.release());
    set_timer();
}

void DnsChannel::set_timer() {
    if (!channel_) return;
    timeval next{};
    if (!ares_timeout(channel_, nullptr, &next)) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec) +
                         std::chrono::milliseconds(1));
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self || !self->channel_) return;
        ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->set_timer();
    });
}

}  // namespace ntpopt
