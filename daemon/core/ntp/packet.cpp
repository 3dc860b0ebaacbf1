// Implementation of packet.hpp.
#include "daemon/core/ntp/packet.hpp"

#include <fmt/format.h>

namespace ntpopt {
namespace {

template <typename Number>
Number get(std::span<const std::uint8_t> bytes, std::size_t at) {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        number = static_cast<Number>(number << 8 | bytes[at + i]);
    return number;
}

template <typename Number>
void put(HeaderBytes& bytes, std::size_t at, Number number) {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        bytes[at + i] = static_cast<std::uint8_t>(number >> (8 * (sizeof(Number) - 1 - i)));
}

}  // namespace

Result<Packet> parse_packet(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kHeaderSize)
        return Error{Errc::parse, fmt::format("{} octets are too short for an NTP packet", bytes.size())};
    Packet packet;
    packet.leap = bytes[0] >> 6;
    packet.version = bytes[0] >> 3 & 7;
    packet.mode = bytes[0] & 7;
    packet.stratum = bytes[1];
    packet.poll = static_cast<std::int8_t>(bytes[2]);
    packet.precision_log2 = static_cast<std::int8_t>(bytes[3]);
    packet.root_delay = get<std::uint32_t>(bytes, 4);
    packet.root_dispersion = get<std::uint32_t>(bytes, 8);
    packet.refid = get<std::uint32_t>(bytes, 12);
    packet.reference.bits = get<std::uint64_t>(bytes, 16);
    packet.origin.bits = get<std::uint64_t>(bytes, 24);
    packet.receive.bits = get<std::uint64_t>(bytes, 32);
    packet.transmit.bits = get<std::uint64_t>(bytes, 40);
    return packet;
}

HeaderBytes render_packet(const Packet& packet) {
    HeaderBytes bytes{};
    bytes[0] = static_cast<std::uint8_t>((packet.leap & 3) << 6 | (packet.version & 7) << 3 | (packet.mode & 7));
    bytes[1] = packet.stratum;
    bytes[2] = static_cast<std::uint8_t>(packet.poll);
    bytes[3] = static_cast<std::uint8_t>(packet.precision_log2);
    put(bytes, 4, packet.root_delay);
    put(bytes, 8, packet.root_dispersion);
    put(bytes, 12, packet.refid);
    put(bytes, 16, packet.reference.bits);
    put(bytes, 24, packet.origin.bits);
    put(bytes, 32, packet.receive.bits);
    put(bytes, 40, packet.transmit.bits);
    return bytes;
}

}  // namespace ntpopt
