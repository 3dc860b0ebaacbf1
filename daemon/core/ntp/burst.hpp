// A burst: the few requests that one server gets in one round, as a machine. Events go in, the next action comes out;
// the driver (io/ntp/udp_prober.hpp) executes it. Times are durations on the round's timeline. No socket, clock or
// chance here.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/ntp/exchange.hpp"

namespace ntpopt {

inline constexpr std::size_t kMaxBurst = 8;  // as many as an iburst of ntpd has (RFC 5905 13)
using Nonces = std::array<std::uint64_t, kMaxBurst>;

struct BurstPlan {
    int requests = 3;    ///< 1 to kMaxBurst
    Duration spacing{};  ///< from one sending to the next, whatever becomes of the requests
    Duration timeout{};  ///< for each answer
    Duration phase{};    ///< from the start to the first sending
    bool once = false;   ///< the first request is enough where its answer is good; where it is not, all are sent
};

/// Send these bytes as soon as the pacing allows, and say so with on_sent() or on_send_failed().
struct SendRequest {
    std::size_t sequence = 0;
    HeaderBytes bytes{};
};
/// Nothing to do; come back with on_timer() at this time (kNever: an event will come first).
struct WakeAt {
    Duration when{};
};
/// Nothing will change any more: take_measurement().
struct BurstDone {};

using BurstAction = std::variant<WakeAt, SendRequest, BurstDone>;
inline constexpr Duration kNever = Duration::max();

class Burst {
  public:
    /// The nonces come from outside, since chance does; one a request.
    Burst(BurstPlan plan, const Nonces& nonces, Duration unix_at_zero);

    [[nodiscard]] BurstAction start(Duration now);
    [[nodiscard]] BurstAction on_timer(Duration now);

    /// The request has left; `sent` was read just before. Its spacing and timeout count from here.
    [[nodiscard]] BurstAction on_sent(Duration now, std::size_t sequence, Duration sent);
    /// The system refused to send it. The burst goes on: the next one may find a route.
    [[nodiscard]] BurstAction on_send_failed(Duration now, std::size_t sequence, std::string_view why);
    /// The kernel's own reading of when the request left, better than the driver's; ignored where it cannot be true.
    void on_transmit_stamp(std::size_t sequence, Duration stamp);
    /// A datagram from the server; `received` is the kernel's stamp where there is one.
    [[nodiscard]] BurstAction on_packet(Duration now, std::span<const std::uint8_t> bytes, Duration received);
    /// An ICMP error. Anybody can forge one, so it is noted and no more (RFC 8085 5.2).
    void on_network_error(std::string_view why);
    /// The machine was asleep: the timeline has a new tie to the world, and nothing from before belongs to it.
    void on_resume(Duration unix_at_zero);

    /// What is known so far; complete after BurstDone. Requests that were never sent leave no sample.
    [[nodiscard]] Measurement take_measurement();

  private:
    [[nodiscard]] BurstAction next(Duration now);
    [[nodiscard]] Duration wake_time() const;
    void accept(const Reply& reply);

    BurstPlan plan_;
    LocalClock clock_;
    std::array<Exchange, kMaxBurst> exchanges_;
    std::size_t asked_ = 0;  ///< how many requests were given out
    bool sending_ = false;   ///< the last of them has not left yet
    bool ended_ = false;
    Duration next_send_{};
    double best_delay_s_ = 0;
    bool has_sample_ = false;
    Measurement measurement_;
};

}  // namespace ntpopt
