// The prober of ports.hpp.
#include <algorithm>
#include <map>

#include <boost/asio/this_coro.hpp>

#include "daemon/core/ntp/burst_plan.hpp"
#include "tests/fleet/ports.hpp"

namespace ntpopt::fleet {
namespace asio = boost::asio;
namespace {

constexpr double kLost = 0.02;

}  // namespace

struct SimulatedProber::Sweep {
    struct Asked {
        ProbeTarget target;
        Burst burst;
        std::optional<SendRequest> held{};
        SendGate::Turn turn{};
        Duration wake = kNever;
        bool done = false;
    };
    struct Event {
        std::size_t server = 0;
        std::optional<HeaderBytes> packet{};  ///< nothing: the server's timer
    };

    explicit Sweep(Duration zero_time) : zero(zero_time) {}

    Duration zero;  ///< since the beginning
    std::vector<Asked> servers;
    std::multimap<Duration, Event> events;  ///< by time since zero
    std::size_t done = 0;
    Progress progress;
};

SimulatedProber::SimulatedProber(World& world, Conduct& conduct, SimulatedClock& clock, Alarms& alarms, Random& random,
                                 Fate fate)
    : world_(world),
      conduct_(conduct),
      clock_(clock),
      alarm_(alarms),
      random_(random),
      fate_(std::move(fate)),
      gate_(clock.time) {}

BurstAction SimulatedProber::transmit(Sweep& sweep, std::size_t index, const SendRequest& request) {
    auto& server = sweep.servers[index];
    const auto now = clock_.time - sweep.zero;
    conduct_.note_packet(server.target.address, clock_.time);
    fate_("sent");
    if (auto* known = world_.find(server.target.address)) {
        World::count(*known, clock_.time);
        if (known->alive && chance(random_) >= kLost) {
            const auto delay = from_seconds(known->delay_s + 0.001 * chance(random_));
            const auto unix_now = clock_.now().time_since_epoch() + delay / 2;
            sweep.events.emplace(now + delay, Sweep::Event{index, World::answer(*known, request.bytes, unix_now)});
        }
    }
    return server.burst.on_sent(now, request.sequence, now);
}

void SimulatedProber::perform(Sweep& sweep, std::size_t index, BurstAction action) {
    auto& server = sweep.servers[index];
    while (const auto* request = std::get_if<SendRequest>(&action)) {
        if (const auto open = gate_.ask(server.target.address, server.turn, clock_.time); open > clock_.time) {
            server.held = *request;
            server.wake = open - sweep.zero;
            sweep.events.emplace(server.wake, Sweep::Event{index});
            return;
        }
        const auto sent = *request;
        action = transmit(sweep, index, sent);
    }
    if (const auto* wake = std::get_if<WakeAt>(&action)) {
        if (wake->when == server.wake) return;
        server.wake = wake->when;
        if (wake->when != kNever) sweep.events.emplace(wake->when, Sweep::Event{index});
    } else if (!std::exchange(server.done, true)) {
        sweep.progress(++sweep.done, sweep.servers.size());
    }
}

asio::awaitable<std::vector<Measurement>> SimulatedProber::probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                                 Progress progress) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Sweep sweep(clock_.time);
    gate_.pace(config.rate, clock_.time);
    sweep.progress = std::move(progress);
    sweep.servers.reserve(targets.size());
    for (const auto& target : targets) {
        Nonces nonces{};
        for (auto& nonce : nonces)
            nonce = random_();
        const auto plan = plan_burst(target.address, config, chance(random_));
        sweep.servers.push_back({target, Burst(plan, nonces, clock_.now().time_since_epoch())});
    }
    for (std::size_t i = 0; i < sweep.servers.size(); ++i)
        perform(sweep, i, sweep.servers[i].burst.start(Duration::zero()));
    while (!sweep.events.empty()) {
        const auto due = sweep.zero + sweep.events.begin()->first - clock_.booted;
        co_await alarm_.wait_until(due);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
        auto node = sweep.events.extract(sweep.events.begin());
        const auto now = node.key();
        auto& event = node.mapped();
        auto& server = sweep.servers[event.server];
        if (server.done) continue;
        if (event.packet) {
            perform(sweep, event.server, server.burst.on_packet(now, *event.packet, now));
        } else if (server.wake == now) {
            server.wake = kNever;
            if (server.held) {
                const auto request = *std::exchange(server.held, std::nullopt);
                perform(sweep, event.server, request);
            } else {
                perform(sweep, event.server, server.burst.on_timer(now));
            }
        }
    }
    std::vector<Measurement> measurements;
    for (auto& server : sweep.servers)
        measurements.push_back(server.burst.take_measurement());
    co_return measurements;
}

}  // namespace ntpopt::fleet
