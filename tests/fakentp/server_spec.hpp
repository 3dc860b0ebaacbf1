// How one fake NTP server behaves, as plain data and as a line that people can write. It holds no socket: fleet.hpp
// brings these servers to life.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt::fakentp {

/// How the random part of each leg is distributed: exponential (queues, one-sided) or gaussian around the fixed part.
enum class JitterShape { exponential, gaussian };

/// What is wrong with the answers. Every word of it breaks exactly one rule that a client has to check.
enum class Fault {
    none,
    empty,          ///< no octet at all
    cut,            ///< 47 octets
    garbage,        ///< 48 random octets
    echo,           ///< the request itself, mode 3
    mode,           ///< mode 5, broadcast
    version,        ///< version 7
    wrong_origin,   ///< origin is a random number
    zero_origin,    ///< origin is zero
    zero_receive,   ///< T2 is zero
    zero_transmit,  ///< T3 is zero
    backwards,      ///< T3 is 1 s before T2
    slow,           ///< T3 is 2 s after T2, though the answer comes at once
    trailer,        ///< nothing is: 1,000 octets of extension field stand behind a right answer
};

struct ServerSpec {
    std::string name;  ///< for commands and counts; the endpoint where it was not given
    Address address;
    std::uint16_t port = kNtpPort;  ///< 0: the kernel chooses one (in C++ only)

    Duration forward{};   ///< from client to server, beyond what the network takes by itself
    Duration backward{};  ///< from server to client
    Duration jitter{};    ///< exponential: mean addition to each leg; gaussian: standard deviation of each leg
    JitterShape shape = JitterShape::exponential;
    double loss = 0;  ///< share of the exchanges that stay without an answer, 0 to 1

    Duration offset{};  ///< server clock minus true time
    double drift_ppm = 0;
    int stratum = 2;
    int leap = 0;
    int precision_log2 = -23;
    std::uint32_t refid = 0;  ///< 0: "GPS" for stratum 1, none for 0, else one that no other fake server has
    Duration root_delay = std::chrono::milliseconds(1);
    Duration root_dispersion = std::chrono::milliseconds(1);
    Duration reference_age = std::chrono::seconds(16);

    bool silent = false;
    std::string kod;  ///< every answer is a kiss-o'-death with this code
    Fault fault = Fault::none;
    int copies = 1;   ///< of every answer
    Duration late{};  ///< the answer is held back by this after it was stamped
};

/// Reads "ADDRESS:PORT key=value ..."; ADDRESS:PORT as in Endpoint, but never a name.
[[nodiscard]] Result<ServerSpec> parse_spec(std::string_view line);

/// Applies "key=value ..." to a server that exists. Nothing is changed where any part is wrong.
[[nodiscard]] Status change_spec(ServerSpec& spec, std::string_view assignments);

/// One line a key, for --help.
[[nodiscard]] std::string describe_keys();

}  // namespace ntpopt::fakentp
