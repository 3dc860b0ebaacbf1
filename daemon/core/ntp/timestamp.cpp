// Implementation of timestamp.hpp in 64-bit integers only.
#include "daemon/core/ntp/timestamp.hpp"

namespace ntpopt {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kUnixEpoch = 2'208'988'800;  // 1970 in seconds since 1900 (RFC 5905 figure 4)

std::int64_t to_nanoseconds(std::uint32_t fraction) {
    return static_cast<std::int64_t>((std::uint64_t{fraction} * kSecond + (std::uint64_t{1} << 31)) >> 32);
}

}  // namespace

Duration difference(NtpTime later, NtpTime earlier) {
    // Modulo 2^64, read as a signed number: the shorter way round the era.
    const std::uint64_t apart = later.bits - earlier.bits;
    const std::int64_t seconds = static_cast<std::int32_t>(apart >> 32);
    return Duration(seconds * kSecond + to_nanoseconds(static_cast<std::uint32_t>(apart)));
}

Duration to_unix(NtpTime time, Duration near) {
    const std::int64_t near_s = std::chrono::floor<std::chrono::seconds>(near).count() + kUnixEpoch;
    const auto seconds = static_cast<std::uint32_t>(time.bits >> 32);
    const auto apart = static_cast<std::int32_t>(seconds - static_cast<std::uint32_t>(near_s));
    return Duration((near_s + apart - kUnixEpoch) * kSecond + to_nanoseconds(static_cast<std::uint32_t>(time.bits)));
}

NtpTime from_unix(Duration since_1970) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(since_1970);
    const auto rest = static_cast<std::uint64_t>((since_1970 - whole).count());
    // Rounded up, so that to_unix() gives the same nanosecond back.
    const std::uint64_t fraction = ((rest << 32) + kSecond - 1) / kSecond;
    const auto seconds = static_cast<std::uint32_t>(whole.count() + kUnixEpoch);
    return {(std::uint64_t{seconds} << 32) + fraction};
}

double short_to_seconds(std::uint32_t bits) {
    return bits / 65536.0;
}

}  // namespace ntpopt
