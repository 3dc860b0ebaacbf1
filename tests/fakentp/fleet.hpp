// Any number of fake NTP servers on one thread. What they tell is exact by construction: T2 comes from the kernel's
// receive timestamp, and T3 is derived from the moment at which the answer really leaves, so neither a busy machine nor
// a late timer changes the offset or the delay that a client should measure. True time is this machine's
// CLOCK_REALTIME.
//
// In a test, either in the process:
//     fakentp::Fleet fleet(seed);
//     fleet.add(*fakentp::parse_spec("127.10.1.1:11123 offset=50ms delay=20ms name=liar"));
//     fleet.start();                         // serves on a thread until the fleet is destroyed
//     fleet.change("liar", "silent=yes");    // at any time, from any thread
// or as a child process: the program fakentp (see its --help) prints "ready" and takes the same lines as commands.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakentp/server_spec.hpp"

namespace ntpopt::fakentp {

struct Counters {
    std::uint64_t requests = 0;  ///< everything that arrived
    std::uint64_t answers = 0;   ///< datagrams sent, copies included
    std::uint64_t lost = 0;      ///< requests without an answer, by `loss` or `silent`
    std::uint64_t ignored = 0;   ///< datagrams that were no client request
    /// The smallest distance between two requests from one address and port; zero before the second.
    Duration least_spacing{};
};

/// Thread-safe: everything may be called while it serves.
class Fleet {
  public:
    /// The same seed and the same requests give the same answers, server by server.
    explicit Fleet(std::uint64_t seed = 1);
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Binds the server's socket, so that nothing sent from now on is missed. Names are unique.
    [[nodiscard]] Status add(ServerSpec spec);

    /// Applies "key=value ..." at once; answers that are on their way keep their timing. Name and address stay.
    [[nodiscard]] Status change(std::string_view name, std::string_view assignments);

    /// Closes the socket: from now on the kernel answers with ICMP port unreachable.
    [[nodiscard]] Status die(std::string_view name);
    [[nodiscard]] Status revive(std::string_view name);

    [[nodiscard]] Result<Counters> counters(std::string_view name) const;
    /// Where the server listens, which matters for port 0.
    [[nodiscard]] Result<Endpoint> endpoint(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;

    /// Serves on a thread of its own.
    void start();
    /// Serves on this thread until stop().
    void run();
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ntpopt::fakentp
