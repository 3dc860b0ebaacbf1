// Implementation of fleet.hpp: epoll over one socket a server, a heap of answers to be sent, one timerfd for the next.
#include "tests/fakentp/fleet.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "common/text.hpp"
#include "tests/fakentp/answer.hpp"

namespace ntpopt::fakentp {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr std::uint64_t kTimerTag = ~std::uint64_t{0};
constexpr std::uint64_t kStopTag = kTimerTag - 1;
constexpr int kReadsATurn = 64;
constexpr std::size_t kMaxClients = 4096;  // remembered by one server for least_spacing

Nanoseconds read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

/// An IPv4 or IPv6 socket address with its length.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] std::string key() const { return {reinterpret_cast<const char*>(&storage), size}; }
};

SocketAddress socket_address(const Address& address, std::uint16_t port) {
    SocketAddress result;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.octets().data(), 4);
        std::memcpy(&result.storage, &v4, sizeof v4);
        result.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.octets().data(), 16);
        std::memcpy(&result.storage, &v6, sizeof v6);
        result.size = sizeof v6;
    }
    return result;
}

std::uint16_t port_of(const SocketAddress& address) {
    // sin_port and sin6_port stand at the same place.
    sockaddr_in v4{};
    std::memcpy(&v4, &address.storage, sizeof v4);
    return ntohs(v4.sin_port);
}

struct Server {
    ServerSpec spec;
    Descriptor socket;
    Counters counters;
    std::mt19937_64 random;
    Nanoseconds started = 0;                     // CLOCK_REALTIME at which the drift began
    std::map<std::string, Nanoseconds> clients;  // when each last asked, for least_spacing

    [[nodiscard]] Nanoseconds clock(Nanoseconds true_time) const {
        const auto elapsed = static_cast<double>(true_time - started);
        return true_time + spec.offset.count() + static_cast<Nanoseconds>(elapsed * spec.drift_ppm * 1e-6);
    }

    [[nodiscard]] Nanoseconds leg(Duration fixed) {
        if (spec.jitter.count() == 0) return fixed.count();
        const auto size = static_cast<double>(spec.jitter.count());
        const double addition = spec.shape == JitterShape::gaussian
                                    ? std::normal_distribution<double>(0, size)(random)
                                    : std::exponential_distribution<double>(1 / size)(random);
        return std::max<Nanoseconds>(0, fixed.count() + static_cast<Nanoseconds>(addition));
    }
};

/// An answer on its way. Its T3 is only known when it leaves.
struct Pending {
    Nanoseconds due = 0;  // CLOCK_MONOTONIC
    std::size_t server = 0;
    SocketAddress client;
    Request request{};
    Nanoseconds receive = 0;  // T2, by the server's clock
    Nanoseconds on_wire = 0;  // what the way back and the holding back take

    [[nodiscard]] bool operator<(const Pending& other) const { return due > other.due; }  // the earliest on top
};

Result<Descriptor> open_server(const ServerSpec& spec) {
    Descriptor socket(
        ::socket(spec.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0) return io_error("socket", errno);
    const int on = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (!spec.address.is_v4()) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    auto address = socket_address(spec.address, spec.port);
    if (bind(socket.get(), address.get(), address.size) != 0)
        return io_error(fmt::format("bind {}", Endpoint{spec.address, spec.port}.text()), errno);
    return socket;
}

}  // namespace

struct Fleet::State {
    explicit State(std::uint64_t the_seed) : seed(the_seed) {
        watch(timer.get(), kTimerTag);
        watch(stopper.get(), kStopTag);
    }

    void watch(int fd, std::uint64_t tag) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = tag;
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
    }

    Server* find(std::string_view name) {
        const auto found = by_name.find(std::string(name));
        return found == by_name.end() ? nullptr : &servers[found->second];
    }

    void receive(std::size_t index);
    bool take(std::size_t index, msghdr& message, std::size_t size, const SocketAddress& client,
              const Request& request);
    void send_due();
    void send(const Pending& pending);
    void arm() const;

    std::uint64_t seed;
    mutable std::mutex mutex;  // guards everything below but the descriptors
    std::vector<Server> servers;
    std::map<std::string, std::size_t> by_name;
    std::vector<Pending> pending;  // a heap
    Descriptor epoll{epoll_create1(EPOLL_CLOEXEC)};
    Descriptor timer{timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    Descriptor stopper{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    std::thread thread;
};

void Fleet::State::receive(std::size_t index) {
    for (int i = 0; i < kReadsATurn; ++i) {
        Request request{};
        SocketAddress client;
        iovec buffer{request.data(), request.size()};
        alignas(cmsghdr) std::array<char, 256> control{};
        msghdr message{};
        message.msg_name = client.get();
        message.msg_namelen = client.size;
        message.msg_iov = &buffer;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto size = recvmsg(servers[index].socket.get(), &message, 0);
        if (size < 0) return;
        client.size = message.msg_namelen;
        take(index, message, static_cast<std::size_t>(size), client, request);
    }
}

bool Fleet::State::take(std::size_t index, msghdr& message, std::size_t size, const SocketAddress& client,
                        const Request& request) {
    auto& server = servers[index];
    const auto now_real = read_clock(CLOCK_REALTIME);
    const auto now_steady = read_clock(CLOCK_MONOTONIC);
    Nanoseconds arrived = now_real;
    for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec stamp{};
        std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
        arrived = stamp.tv_sec * kSecond + stamp.tv_nsec;
    }
    // A stamp in the future or long past means that the clock was stepped after the packet came.
    if (arrived > now_real || now_real - arrived > kSecond) arrived = now_real;

    ++server.counters.requests;
    if (size < request.size() || (request[0] & 7) != 3) {
        ++server.counters.ignored;
        return false;
    }
    if (server.clients.size() >= kMaxClients) server.clients.clear();
    if (const auto [last, first_time] = server.clients.try_emplace(client.key(), arrived); !first_time) {
        const Duration distance(arrived - last->second);
        auto& least = server.counters.least_spacing;
        if (least == Duration::zero() || distance < least) least = distance;
        last->second = arrived;
    }
    // Every exchange draws the same numbers whatever becomes of it, so that a change of one setting moves no other.
    const auto forward = server.leg(server.spec.forward);
    const auto backward = server.leg(server.spec.backward);
    const bool lost = std::uniform_real_distribution<double>(0, 1)(server.random) < server.spec.loss;
    if (lost || server.spec.silent) {
        ++server.counters.lost;
        return false;
    }
    Pending answer;
    answer.on_wire = backward + server.spec.late.count();
    answer.due = now_steady - (now_real - arrived) + forward + answer.on_wire;
    answer.server = index;
    answer.client = client;
    answer.request = request;
    answer.receive = server.clock(arrived + forward);
    pending.push_back(answer);
    std::push_heap(pending.begin(), pending.end());
    return true;
}

void Fleet::State::send(const Pending& answer) {
    auto& server = servers[answer.server];
    if (server.socket.get() < 0) return;
    auto client = answer.client;
    const auto& spec = server.spec;
    ServerTimes times{answer.receive, 0};
    // The last thing before sending: whatever came late until here counts as the server's thinking, not as delay.
    times.transmit = std::max(answer.receive, server.clock(read_clock(CLOCK_REALTIME) - answer.on_wire));
    const auto packet = make_answer(spec, answer.request, times, server.random);
    for (int copy = 0; copy < spec.copies; ++copy) {
        if (sendto(server.socket.get(), packet.data(), packet.size(), 0, client.get(), client.size) < 0) return;
        ++server.counters.answers;
    }
}

void Fleet::State::send_due() {
    while (!pending.empty() && pending.front().due <= read_clock(CLOCK_MONOTONIC)) {
        std::pop_heap(pending.begin(), pending.end());
        send(pending.back());
        pending.pop_back();
    }
}

void Fleet::State::arm() const {
    itimerspec when{};
    if (!pending.empty()) {
        when.it_value.tv_sec = pending.front().due / kSecond;
        when.it_value.tv_nsec = pending.front().due % kSecond;
    }
    timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

Fleet::Fleet(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}

Fleet::~Fleet() {
    stop();
    if (state_->thread.joinable()) state_->thread.join();
}

Status Fleet::add(ServerSpec spec) {
    const std::lock_guard lock(state_->mutex);
    auto socket = open_server(spec);
    if (!socket) return socket.error();
    SocketAddress bound;
    if (getsockname(socket->get(), bound.get(), &bound.size) != 0) return io_error("getsockname", errno);
    spec.port = port_of(bound);
    if (spec.name.empty()) spec.name = Endpoint{spec.address, spec.port}.text();
    const auto index = state_->servers.size();
    if (!state_->by_name.emplace(spec.name, index).second)
        return Error{Errc::invalid_argument, fmt::format("two servers are called '{}'", printable(spec.name, 80))};
    Server server;
    std::seed_seq seeds{state_->seed, static_cast<std::uint64_t>(index)};
    server.random.seed(seeds);
    server.started = read_clock(CLOCK_REALTIME);
    server.socket = std::move(*socket);
    server.spec = std::move(spec);
    state_->servers.push_back(std::move(server));
    state_->watch(state_->servers.back().socket.get(), index);
    return {};
}

namespace {
Error unknown(std::string_view name) {
    return {Errc::not_found, fmt::format("no server is called '{}'", printable(name, 80))};
}
}  // namespace

Status Fleet::change(std::string_view name, std::string_view assignments) {
    const std::lock_guard lock(state_->mutex);
    auto* server = state_->find(name);
    if (!server) return unknown(name);
    ServerSpec spec = server->spec;
    if (const auto done = change_spec(spec, assignments); !done) return done.error();
    if (spec.name != server->spec.name) return Error{Errc::invalid_argument, "a server keeps its name"};
    server->spec = std::move(spec);
    return {};
}

Status Fleet::die(std::string_view name) {
    const std::lock_guard lock(state_->mutex);
    auto* server = state_->find(name);
    if (!server) return unknown(name);
    server->socket = Descriptor();
    return {};
}

Status Fleet::revive(std::string_view name) {
    const std::lock_guard lock(state_->mutex);
    auto* server = state_->find(name);
    if (!server) return unknown(name);
    if (server->socket.get() >= 0) return {};
    auto socket = open_server(server->spec);
    if (!socket) return socket.error();
    server->socket = std::move(*socket);
    state_->watch(server->socket.get(), static_cast<std::uint64_t>(server - state_->servers.data()));
    return {};
}

Result<Counters> Fleet::counters(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    const auto* server = state_->find(name);
    if (!server) return unknown(name);
    return server->counters;
}

Result<Endpoint> Fleet::endpoint(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    const auto* server = state_->find(name);
    if (!server) return unknown(name);
    return Endpoint{server->spec.address, server->spec.port};
}

std::vector<std::string> Fleet::names() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> names;
    for (const auto& server : state_->servers)
        names.push_back(server.spec.name);
    return names;
}

void Fleet::start() {
    state_->thread = std::thread([this] { run(); });
}

void Fleet::run() {
    prctl(PR_SET_TIMERSLACK, 1UL);  // of this thread: wake exactly, not within 50 us
    std::array<epoll_event, 64> events{};
    for (;;) {
        const int count = epoll_wait(state_->epoll.get(), events.data(), static_cast<int>(events.size()), -1);
        const std::lock_guard lock(state_->mutex);
        for (int i = 0; i < count; ++i) {
            const auto tag = events[static_cast<std::size_t>(i)].data.u64;
            if (tag == kStopTag) return;
            if (tag != kTimerTag) state_->receive(tag);
        }
        state_->send_due();
        state_->arm();
    }
}

void Fleet::stop() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(state_->stopper.get(), &one, sizeof one);
}

}  // namespace ntpopt::fakentp
