// Implementation of dns_channel.hpp.
#include "daemon/io/net/dns_channel.hpp"

#include <arpa/nameser.h>
#include <fmt/format.h>
#include <sys/time.h>

#include <utility>

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr int kTries = 4;  // with 400 ms doubling: 6 s a name server, longer than any deadline we give

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
    auto question = std::make_unique<Question>(Question{std::move(on_answer)});
    const ares_callback answered = [](void* raw, int status, int, unsigned char* answer, int length) {
        const std::unique_ptr<Question> owned(static_cast<Question*>(raw));
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
