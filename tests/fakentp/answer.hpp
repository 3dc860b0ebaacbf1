// The bytes of a fake server's answers. Written apart from daemon/core/ntp on purpose: a mistake made in one of the two
// codecs must not cancel itself out in the other.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/fakentp/server_spec.hpp"

namespace ntpopt::fakentp {

/// Nanoseconds since 1970 by some clock.
using Nanoseconds = std::int64_t;

using Request = std::array<std::uint8_t, 48>;

/// Server clock times of one exchange.
struct ServerTimes {
    Nanoseconds receive = 0;   ///< T2
    Nanoseconds transmit = 0;  ///< T3
};

/// The server's answer (RFC 5905 7.3), broken in the way that the spec asks for.
[[nodiscard]] std::vector<std::uint8_t> make_answer(const ServerSpec& spec, const Request& request, ServerTimes times,
                                                    std::mt19937_64& random);

}  // namespace ntpopt::fakentp
