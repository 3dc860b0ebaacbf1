// One request and what may be believed of an answer to it: every sanity test of RFC 5905 and RFC 8633 in one ordered
// chain. Whether a believable server is also a good one (root distance, age, stratum) is for the decision to say.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "common/duration.hpp"
#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/ntp/packet.hpp"

namespace ntpopt {

/// A request and its fate. Times are on the round's timeline.
struct Exchange {
    enum class State : std::uint8_t { unsent, waiting, answered, failed };

    std::uint64_t nonce = 0;  ///< random, sent as transmit timestamp, known to nobody off the path
    Duration sent{};          ///< T1
    Duration deadline{};      ///< an answer received later does not count
    State state = State::unsent;
};

/// What a client shows of itself: mode 3, version 4, the nonce, and zeros (data minimisation: neither our clock nor our
/// upstream is anybody's business).
[[nodiscard]] HeaderBytes render_request(std::uint64_t nonce);

/// Why an answer cannot be believed, in the order in which the rules are applied.
enum class Refusal : std::uint8_t {
    short_packet,
    mode,
    version,
    zero_origin,
    bogus_origin,
    duplicate,
    late,
    no_timestamps,
    processing_time,
    negative_delay,
};
[[nodiscard]] std::string_view describe(Refusal refusal);
[[nodiscard]] RefusalClass class_of(Refusal refusal);

/// A valid sample.
struct Measured {
    Sample sample;
    ServerHeader header;
};
/// A true answer of a server that has no time to give.
struct Unsynchronised {
    ServerHeader header;
};
/// Kiss-o'-death (RFC 5905 7.4): its timestamps mean nothing and are not kept.
struct Kiss {
    std::string code;  ///< 4 letters or digits
};

struct Reply {
    std::optional<std::size_t> request;  ///< which exchange it answers; that one's nonce is spent
    std::variant<Measured, Unsynchronised, Kiss, Refusal> content;
};

/// How local times relate to the world.
struct LocalClock {
    Duration unix_at_zero{};   ///< CLOCK_REALTIME at the timeline's zero
    int precision_log2 = -18;  ///< how well local times are known, in log2 seconds: 4 us
};

/// Judges a datagram that arrived at `received` (T4) against the exchanges of one burst.
[[nodiscard]] Reply check_reply(std::span<const std::uint8_t> bytes, std::span<const Exchange> exchanges,
                                Duration received, const LocalClock& clock);

/// True for the kisses after which nothing more may be sent to the server now: DENY and RSTR (MUST stop), RATE (MUST
/// slow down; a burst has nothing slower than its end).
[[nodiscard]] bool ends_burst(std::string_view kiss);

}  // namespace ntpopt
