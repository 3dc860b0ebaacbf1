// One round of measuring: many bursts at the same time on one thread, one timer and one small object a server. Executes
// what core/ntp/burst.hpp decides; adds only what needs hands: sockets, the clock, pacing, and a bound on descriptors.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/core/ntp/burst.hpp"
#include "daemon/core/ntp/send_gate.hpp"
#include "daemon/io/ntp/ntp_socket.hpp"
#include "daemon/io/ntp/timeline.hpp"
#include "daemon/ports/prober.hpp"

namespace ntpopt {

class ProbeRound : public std::enable_shared_from_this<ProbeRound> {
  public:
    /// The gate is of CLOCK_MONOTONIC, and outlives the round.
    ProbeRound(boost::asio::any_io_executor executor, const std::vector<ProbeTarget>& targets,
               const ProbeConfig& config, SendGate& gate, Prober::Progress progress, const ClockReader& clocks);

    void start();

    /// Returns when every burst is done, or when the coroutine is cancelled.
    [[nodiscard]] boost::asio::awaitable<void> wait();

    /// Closes every socket and gives what is known, in the order of the targets.
    [[nodiscard]] std::vector<Measurement> close();

  private:
    struct Server {
        Server(const ProbeTarget& the_target, const BurstPlan& plan, const Nonces& nonces, Duration unix_at_zero)
            : target(the_target), burst(plan, nonces, unix_at_zero) {}

        ProbeTarget target;
        Burst burst;
        std::optional<NtpSocket> socket;
        std::optional<SendRequest> held;  ///< waits for the gate, or for a descriptor
        SendGate::Turn turn;
        std::array<std::uint8_t, kMaxBurst> left{};  ///< sequence of the n-th datagram that left this socket
        std::uint8_t left_count = 0;
        Duration wake = kNever;
        bool done = false;
    };
    struct Alarm {
        Duration when{};
        std::size_t server = 0;
        [[nodiscard]] bool operator<(const Alarm& other) const { return when > other.when; }  // the earliest on top
    };
    enum class Opening { opened, blocked, failed };

    void perform(std::size_t index, BurstAction action);
    [[nodiscard]] bool may_leave_now(std::size_t index, const SendRequest& request);
    [[nodiscard]] BurstAction transmit(Server& server, const SendRequest& request);
    [[nodiscard]] Opening open_socket(std::size_t index, std::string& why);
    void wait_readable(std::size_t index);
    void on_readable(std::size_t index);
    [[nodiscard]] std::optional<BurstAction> take(Server& server, const SocketEvent& event);
    void on_alarm();
    void wake_at(std::size_t index, Duration when);
    void arm();
    void finish(std::size_t index);
    void notice_suspend();

    boost::asio::any_io_executor executor_;
    Prober::Progress progress_;
    Timeline timeline_;
    SendGate& gate_;
    std::vector<Server> servers_;
    std::priority_queue<Alarm> alarms_;  ///< those that no longer match their server's wake are stale
    std::deque<std::size_t> blocked_;    ///< servers that wait for a descriptor, in order
    std::size_t max_sockets_ = 0;
    std::size_t open_sockets_ = 0;
    std::size_t done_count_ = 0;
    bool closed_ = false;
    Duration armed_ = kNever;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer finished_;  ///< never fires; cancelled when all is done
};

}  // namespace ntpopt
