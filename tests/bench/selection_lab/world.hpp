// Worlds to select servers in: who there is, what each one's clock and path do for ten days, and the packets of every
// round. Everything is drawn before anybody chooses, so all strategies see the same. The true time is 0 throughout; the
// local clock's error is subtracted by whoever asks. README.md says where the numbers come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/measure/measurement.hpp"

namespace ntpopt::lab {

enum class Kind {
    volunteer,  ///< runs a server of its own name, which is also a member of the pool
    cloud,
    laboratory,
    isp,
    far,  ///< far away, clean and asymmetric
    congested,
    flaky,
    falseticker,  ///< with perfect jitter, next door
    hidden_liar,  ///< wrong by less than its own error bounds
    colluder,     ///< one of a block that tells one wrong time
    unsynchronised,
    kiss_of_death,
    equal,  ///< statistically the same as every other of its kind, for the A/A test
};

struct Server {
    Kind kind = Kind::volunteer;
    std::string name;
    std::string address;
    bool regional = false;
};

/// What one server is and answers in one round of six hours. Milliseconds against true time.
struct Seen {
    std::vector<std::optional<Sample>> samples;  ///< in seconds, against true time
    std::optional<ServerHeader> header;
    bool kiss = false;
    bool reachable = false;  ///< a client can follow it in this round
    double error_ms = 0;     ///< what following it costs: its own error and its path's asymmetry
    double followed_ms = 0;  ///< the same as a client measures it over the round, with what noise remains
    double distance_ms = 0;  ///< half the delay plus what it admits: the root distance (RFC 5905 A.5.5.2)
};

struct Round {
    std::vector<Seen> seen;  ///< of every server
};

struct World {
    std::uint64_t seed = 0;
    std::vector<Server> servers;
    std::vector<Round> rounds;
};

inline constexpr int kRounds = 40;
inline constexpr double kRound_s = 6 * 3600;
inline constexpr int kSamples = 3;

/// The main world of about 27 candidates.
[[nodiscard]] World make_world(std::uint64_t seed);

/// Statistically equal servers, and nothing ever happens to them.
[[nodiscard]] World make_equal_world(std::uint64_t seed, int servers, int rounds);

}  // namespace ntpopt::lab
