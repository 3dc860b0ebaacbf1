// The NTP packet header (RFC 5905 7.3) between bytes and fields. Judges nothing: which values are acceptable is
// exchange.hpp's business.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "common/error.hpp"
#include "daemon/core/ntp/timestamp.hpp"

namespace ntpopt {

inline constexpr std::size_t kHeaderSize = 48;
/// How much an oscillator may drift, in seconds a second (PHI, RFC 5905 7.2).
inline constexpr double kPhi = 15e-6;
using HeaderBytes = std::array<std::uint8_t, kHeaderSize>;

/// RFC 5905 figure 10.
enum class NtpMode : std::uint8_t { client = 3, server = 4 };

struct Packet {
    std::uint8_t leap = 0;     ///< 0 to 3
    std::uint8_t version = 0;  ///< 0 to 7
    std::uint8_t mode = 0;     ///< 0 to 7
    std::uint8_t stratum = 0;
    std::int8_t poll = 0;
    std::int8_t precision_log2 = 0;
    std::uint32_t root_delay = 0;       ///< short format
    std::uint32_t root_dispersion = 0;  ///< short format
    std::uint32_t refid = 0;            ///< first octet on the wire is the most significant
    NtpTime reference;
    NtpTime origin;
    NtpTime receive;
    NtpTime transmit;

    friend bool operator==(const Packet&, const Packet&) = default;
};

/// Reads the header. Extension fields (RFC 7822) and MACs behind it are passed over; less than 48 octets is
/// Errc::parse.
[[nodiscard]] Result<Packet> parse_packet(std::span<const std::uint8_t> bytes);

/// The header's bytes. Bits that do not fit their field are cut off.
[[nodiscard]] HeaderBytes render_packet(const Packet& packet);

}  // namespace ntpopt
