// Implementation of answer.hpp.
#include "tests/fakentp/answer.hpp"

#include <algorithm>

namespace ntpopt::fakentp {
namespace {

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr std::uint64_t kUnixEpoch = 2'208'988'800;  // 1970 in seconds since 1900 (RFC 5905 figure 4)

// Offsets into the header (RFC 5905 figure 8).
constexpr std::size_t kRootDelay = 4;
constexpr std::size_t kRootDispersion = 8;
constexpr std::size_t kRefid = 12;
constexpr std::size_t kReference = 16;
constexpr std::size_t kOrigin = 24;
constexpr std::size_t kReceive = 32;
constexpr std::size_t kTransmit = 40;

void put(std::vector<std::uint8_t>& packet, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        packet[at + i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
}

std::uint64_t ntp_time(Nanoseconds unix_time) {
    Nanoseconds seconds = unix_time / kSecond;
    Nanoseconds rest = unix_time % kSecond;
    if (rest < 0) {
        seconds -= 1;
        rest += kSecond;
    }
    const std::uint64_t fraction = (static_cast<std::uint64_t>(rest) << 32) / static_cast<std::uint64_t>(kSecond);
    return (static_cast<std::uint64_t>(seconds) + kUnixEpoch) << 32 | fraction;
}

std::uint64_t ntp_short(Duration duration) {
    const auto ticks = static_cast<std::uint64_t>(std::max<Nanoseconds>(duration.count(), 0)) * 65536;
    return std::min<std::uint64_t>(ticks / static_cast<std::uint64_t>(kSecond), 0xffffffff);
}

std::uint32_t own_refid(const ServerSpec& spec) {
    if (spec.refid != 0) return spec.refid;
    if (spec.stratum == 0) return 0;
    if (spec.stratum == 1) return 0x47505300;  // "GPS"
    // An upstream of its own in 10.0.0.0/8 (IPv4), or a hash of the address.
    const auto& octets = spec.address.octets();
    if (spec.address.is_v4())
        return 10U << 24 | std::uint32_t{octets[1]} << 16 | std::uint32_t{octets[2]} << 8 | octets[3];
    std::uint32_t hash = 2166136261;
    for (const auto octet : octets)
        hash = (hash ^ octet) * 16777619;
    return hash;
}

std::vector<std::uint8_t> right_answer(const ServerSpec& spec, const Request& request, ServerTimes times) {
    std::vector<std::uint8_t> packet(48);
    packet[0] = static_cast<std::uint8_t>((spec.leap & 3) << 6 | (request[0] & 0x38) | 4);
    packet[1] = static_cast<std::uint8_t>(spec.stratum);
    packet[2] = request[2];
    packet[3] = static_cast<std::uint8_t>(spec.precision_log2);
    put(packet, kRootDelay, ntp_short(spec.root_delay), 4);
    put(packet, kRootDispersion, ntp_short(spec.root_dispersion), 4);
    put(packet, kRefid, own_refid(spec), 4);
    put(packet, kReference, ntp_time(times.transmit - spec.reference_age.count()), 8);
    std::copy(request.begin() + kTransmit, request.end(), packet.begin() + kOrigin);
    put(packet, kReceive, ntp_time(times.receive), 8);
    put(packet, kTransmit, ntp_time(times.transmit), 8);
    return packet;
}

// As ntpd sends it: T2 and T3 repeat the client's own transmit timestamp, so that a client that takes it for a sample
// finds a perfect server.
void make_kiss(std::vector<std::uint8_t>& packet, const ServerSpec& spec, const Request& request) {
    packet[0] = static_cast<std::uint8_t>(packet[0] | 0xc0);
    packet[1] = 0;
    for (std::size_t i = 0; i < 4; ++i)
        packet[kRefid + i] = i < spec.kod.size() ? static_cast<std::uint8_t>(spec.kod[i]) : std::uint8_t{0};
    std::copy(request.begin() + kTransmit, request.end(), packet.begin() + kReceive);
    std::copy(request.begin() + kTransmit, request.end(), packet.begin() + kTransmit);
}

}  // namespace

std::vector<std::uint8_t> make_answer(const ServerSpec& spec, const Request& request, ServerTimes times,
                                      std::mt19937_64& random) {
    auto packet = right_answer(spec, request, times);
    if (!spec.kod.empty()) make_kiss(packet, spec, request);
    switch (spec.fault) {
        case Fault::none:
            break;
        case Fault::empty:
            packet.clear();
            break;
        case Fault::cut:
            packet.pop_back();
            break;
        case Fault::garbage:
            std::generate(packet.begin(), packet.end(), [&] { return static_cast<std::uint8_t>(random()); });
            break;
        case Fault::echo:
            packet.assign(request.begin(), request.end());
            break;
        case Fault::mode:
            packet[0] = static_cast<std::uint8_t>((packet[0] & 0xf8) | 5);
            break;
        case Fault::version:
            packet[0] = static_cast<std::uint8_t>(packet[0] | 0x38);
            break;
        case Fault::wrong_origin:
            put(packet, kOrigin, random(), 8);
            break;
        case Fault::zero_origin:
            put(packet, kOrigin, 0, 8);
            break;
        case Fault::zero_receive:
            put(packet, kReceive, 0, 8);
            break;
        case Fault::zero_transmit:
            put(packet, kTransmit, 0, 8);
            break;
        case Fault::backwards:
            put(packet, kTransmit, ntp_time(times.receive - kSecond), 8);
            break;
        case Fault::slow:
            put(packet, kTransmit, ntp_time(times.receive + 2 * kSecond), 8);
            break;
        case Fault::trailer:
            packet.resize(packet.size() + 1000, 0x55);
            break;
    }
    return packet;
}

}  // namespace ntpopt::fakentp
