// NTP timestamps (RFC 5905 6) as numbers: exact to the nanosecond, and right beyond 2036, when the seconds wrap around.
// Knows nothing of any clock: who needs an era says which time is near.
#pragma once

#include <cstdint>

#include "common/duration.hpp"

namespace ntpopt {

/// The 64-bit timestamp format: seconds since 1900 modulo 2^32, and 2^-32 parts of a second. Zero means "unknown".
struct NtpTime {
    std::uint64_t bits = 0;

    [[nodiscard]] bool known() const { return bits != 0; }
    friend bool operator==(const NtpTime&, const NtpTime&) = default;
};

/// `later` minus `earlier`, rounded to a nanosecond. The era does not matter as long as they are within 68 years.
[[nodiscard]] Duration difference(NtpTime later, NtpTime earlier);

/// Time since 1970 in the era that puts the timestamp within 68 years of `near`, itself a time since 1970.
[[nodiscard]] Duration to_unix(NtpTime time, Duration near);

/// The timestamp of a time since 1970, which may lie before it.
[[nodiscard]] NtpTime from_unix(Duration since_1970);

/// The 32-bit short format, 16.16 bits: 0 to just under 65,536 seconds.
[[nodiscard]] double short_to_seconds(std::uint32_t bits);

}  // namespace ntpopt
