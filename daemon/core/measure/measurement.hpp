// What one burst of requests learnt of one server address: the valid samples, what the server says of itself, and what
// went wrong. Plain data between the NTP core, which fills it, and the decision, which reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ntpopt {

/// One valid exchange (RFC 5905 8), on a local timeline that no clock step can disturb.
struct Sample {
    double offset_s = 0;  ///< server minus local clock: ((T2 - T1) + (T3 - T4)) / 2
    double delay_s = 0;   ///< round trip without the server's share: (T4 - T1) - (T3 - T2); may be a hair below zero
    double t_s = 0;       ///< when, in seconds since the round began
};

/// Why an answer was refused, in classes that mean different things to whoever looks after the machine: a broken server
/// or another protocol; somebody who does not see our traffic and guesses; an answer that came twice or too late; a
/// server, or somebody who does see our traffic, with times that cannot be.
enum class RefusalClass : std::uint8_t { malformed, unsolicited, untimely, implausible };
inline constexpr std::size_t kRefusalClasses = 4;

/// What a server says of itself (RFC 5905 7.3), from the sample with the least delay, or else from the last valid
/// reply.
struct ServerHeader {
    int stratum = 0;
    int leap = 0;  ///< 0 to 3; 3 is unsynchronised
    std::uint32_t refid = 0;
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    double reference_age_s = 0;        ///< transmit minus reference timestamp
    std::uint64_t reference_time = 0;  ///< NTP timestamp format, bits as sent
    int precision_log2 = 0;
};

/// Requests that were not sent since the NTP service asks this server all the time and has the longer record of it. The
/// record says how much the server jitters, and that the requests would have been answered; how far it is off is
/// measured by what was sent.
struct Spared {
    int requests = 0;        ///< not sent
    int samples = 0;         ///< of the service, behind its figure
    double deviation_s = 0;  ///< standard deviation of one of them
};

struct Measurement {
    std::vector<std::optional<Sample>> samples;  ///< one a request, in the order sent; nothing: no valid answer
    std::optional<ServerHeader> header;
    std::string kiss;     ///< kiss code of an authentic-looking kiss-o'-death ("RATE"), else empty
    int refused = 0;      ///< answers that failed a sanity test
    std::string refusal;  ///< why the last of them did, in words
    std::string failure;  ///< why nothing could be sent ("Network is unreachable"), else empty
    std::optional<Spared> spared{};
    int unsent = 0;       ///< requests that could not leave this machine
    int kisses = 0;       ///< authentic-looking kisses-o'-death
    std::array<int, kRefusalClasses> refused_as{};  ///< `refused`, by RefusalClass

    [[nodiscard]] int sent() const { return static_cast<int>(samples.size()); }
    [[nodiscard]] int received() const {
        int count = 0;
        for (const auto& sample : samples)
            count += sample.has_value() ? 1 : 0;
        return count;
    }
};

}  // namespace ntpopt
