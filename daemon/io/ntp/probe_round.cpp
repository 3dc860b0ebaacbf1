// Implementation of probe_round.hpp.
#include "daemon/io/ntp/probe_round.hpp"

#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <system_error>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/core/ntp/burst_plan.hpp"

namespace ntpopt {
namespace {

constexpr int kEventsATurn = 32;                  // then the other servers have their turn
constexpr std::size_t kReservedDescriptors = 64;  // for the rest of the daemon

template <typename Value>
void fill_random(Value& value) {
    // Up to 256 octets come whole or, before the kernel's pool is ready, after a wait (getrandom(2)).
    static_assert(sizeof value <= 256);
    while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    }
}

/// Evenly distributed in [0, 1).
double chance() {
    std::uint64_t bits = 0;
    fill_random(bits);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// How many sockets may be open at the same time. Asks for more than the soft limit where so many servers are to be
/// measured, never for more than the hard one.
std::size_t descriptors_for(std::size_t servers) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
    const rlim_t wanted = servers + kReservedDescriptors;
    if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = std::min(wanted, limit.rlim_max);
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur > kReservedDescriptors ? limit.rlim_cur - kReservedDescriptors : 1;
}

}  // namespace

ProbeRound::ProbeRound(boost::asio::any_io_executor executor, const std::vector<ProbeTarget>& targets,
                       const ProbeConfig& config, SendGate& gate, Prober::Progress progress, const ClockReader& clocks)
    : executor_(std::move(executor)),
      progress_(std::move(progress)),
      timeline_(clocks),
      gate_(gate),
      max_sockets_(descriptors_for(targets.size())),
      timer_(executor_),
      finished_(executor_, boost::asio::steady_timer::time_point::max()) {
    gate_.pace(config.rate, std::chrono::steady_clock::now().time_since_epoch());
    servers_.reserve(targets.size());
    for (const auto& target : targets) {
        Nonces nonces{};
        fill_random(nonces);
        auto plan = plan_burst(target.address, config, chance());
        plan.once = target.once;
        servers_.emplace_back(target, plan, nonces, timeline_.unix_at_zero());
    }
}

void ProbeRound::start() {
    const auto now = timeline_.now();
    for (std::size_t i = 0; i < servers_.size(); ++i)
        perform(i, servers_[i].burst.start(now));
    arm();
}

boost::asio::awaitable<void> ProbeRound::wait() {
    if (done_count_ == servers_.size()) co_return;
    boost::system::error_code ignored;  // cancelled by us, or by whoever waits: both end the waiting
    co_await finished_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
}

std::vector<Measurement> ProbeRound::close() {
    closed_ = true;
    timer_.cancel();
    std::vector<Measurement> measurements;
    measurements.reserve(servers_.size());
    for (auto& server : servers_) {
        server.socket.reset();
        measurements.push_back(server.burst.take_measurement());
        for (auto& sample : measurements.back().samples)
            if (sample) sample->offset_s -= timeline_.drift_s(from_seconds(sample->t_s));
    }
    return measurements;
}

void ProbeRound::perform(std::size_t index, BurstAction action) {
    auto& server = servers_[index];
    while (const auto* request = std::get_if<SendRequest>(&action)) {
        std::string why;
        const auto opening = open_socket(index, why);
        if (opening == Opening::blocked) {
            server.held = *request;
            blocked_.push_back(index);
            return;
        }
        if (opening == Opening::failed)
            action = server.burst.on_send_failed(timeline_.now(), request->sequence, why);
        else if (may_leave_now(index, *request))
            action = transmit(server, *request);
        else
            return;
    }
    if (std::holds_alternative<BurstDone>(action)) {
        finish(index);
    } else if (!server.held) {
        wake_at(index, std::get<WakeAt>(action).when);
    }
}

bool ProbeRound::may_leave_now(std::size_t index, const SendRequest& request) {
    auto& server = servers_[index];
    // The gate outlives the round and its timeline, whose clock nobody slews.
    const Duration now = std::chrono::steady_clock::now().time_since_epoch();
    const auto open = gate_.ask(server.target.address, server.turn, now);
    if (open <= now) return true;
    server.held = request;
    wake_at(index, timeline_.now() + (open - now));
    return false;
}

BurstAction ProbeRound::transmit(Server& server, const SendRequest& request) {
    const auto before = timeline_.now();
    if (const auto sent = server.socket->send(request.bytes); !sent)
        return server.burst.on_send_failed(before, request.sequence, sent.error().detail);
    // OPT_ID counts what left this socket, and a refused sending takes no number.
    server.left[server.left_count++] = static_cast<std::uint8_t>(request.sequence);
    return server.burst.on_sent(before, request.sequence, before);
}

ProbeRound::Opening ProbeRound::open_socket(std::size_t index, std::string& why) {
    auto& server = servers_[index];
    if (server.socket) return Opening::opened;
    if (open_sockets_ >= max_sockets_) return Opening::blocked;
    auto opened = NtpSocket::open(executor_, server.target.address, server.target.port);
    if (!opened) {
        // Wait for one of ours to be closed, if there is one.
        if (opened.error().code == Errc::busy && open_sockets_ > 0) return Opening::blocked;
        why = opened.error().detail;
        return Opening::failed;
    }
    server.socket = std::move(*opened);
    ++open_sockets_;
    wait_readable(index);
    return Opening::opened;
}

void ProbeRound::wait_readable(std::size_t index) {
    servers_[index].socket->async_wait([self = shared_from_this(), index](const boost::system::error_code& error) {
        if (!error && !self->closed_ && self->servers_[index].socket) self->on_readable(index);
    });
}

void ProbeRound::on_readable(std::size_t index) {
    notice_suspend();
    auto& server = servers_[index];
    for (int i = 0; i < kEventsATurn; ++i) {
        const auto event = server.socket->next();
        if (!event) break;
        if (auto action = take(server, *event)) perform(index, std::move(*action));
        if (server.done) break;
    }
    if (!server.done) wait_readable(index);
    arm();
}

std::optional<BurstAction> ProbeRound::take(Server& server, const SocketEvent& event) {
    if (const auto* stamp = std::get_if<TransmitStamp>(&event)) {
        // Without it, the reading from just before the sending stays.
        const auto when = timeline_.when(stamp->stamp);
        if (when && stamp->index < server.left_count) server.burst.on_transmit_stamp(server.left[stamp->index], *when);
        return std::nullopt;
    }
    if (const auto* error = std::get_if<NetworkError>(&event)) {
        server.burst.on_network_error(std::generic_category().message(error->number));
        return std::nullopt;
    }
    const auto& datagram = std::get<Datagram>(event);
    const auto now = timeline_.now();
    const auto stamped = datagram.stamp ? timeline_.when(*datagram.stamp) : std::nullopt;
    return server.burst.on_packet(now, datagram.data(), stamped.value_or(now));
}

void ProbeRound::on_alarm() {
    notice_suspend();
    const auto now = timeline_.now();
    while (!alarms_.empty() && alarms_.top().when <= now) {
        const auto alarm = alarms_.top();
        alarms_.pop();
        auto& server = servers_[alarm.server];
        if (server.done || server.wake != alarm.when) continue;
        server.wake = kNever;
        if (server.held) {
            const auto request = *std::exchange(server.held, std::nullopt);
            perform(alarm.server, request);
        } else {
            perform(alarm.server, server.burst.on_timer(now));
        }
    }
    arm();
}

void ProbeRound::wake_at(std::size_t index, Duration when) {
    auto& server = servers_[index];
    if (server.wake == when) return;
    server.wake = when;
    if (when != kNever) alarms_.push({when, index});
}

void ProbeRound::arm() {
    if (closed_ || alarms_.empty() || alarms_.top().when == armed_) return;
    armed_ = alarms_.top().when;
    timer_.expires_after(std::max(armed_ - timeline_.now(), Duration::zero()));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->closed_) return;
        self->armed_ = kNever;
        self->on_alarm();
    });
}

void ProbeRound::finish(std::size_t index) {
    auto& server = servers_[index];
    if (server.done) return;
    server.done = true;
    server.held.reset();
    if (server.socket) {
        server.socket.reset();
        --open_sockets_;
    }
    ++done_count_;
    if (progress_) progress_(done_count_, servers_.size());
    if (done_count_ == servers_.size()) finished_.cancel();
    if (blocked_.empty()) return;
    const auto next = blocked_.front();
    blocked_.pop_front();
    if (auto request = std::exchange(servers_[next].held, std::nullopt)) perform(next, BurstAction(*request));
}

void ProbeRound::notice_suspend() {
    if (!timeline_.resumed()) return;
    for (auto& server : servers_)
        server.burst.on_resume(timeline_.unix_at_zero());
}

}  // namespace ntpopt
