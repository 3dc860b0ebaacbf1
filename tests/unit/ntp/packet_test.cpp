// The 48 octets of RFC 5905 7.3, against a packet written out by hand.
#include "daemon/core/ntp/packet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ntpopt {
namespace {

const HeaderBytes kBytes{0x64, 0x02, 0x06, 0xe9, 0x00, 0x00, 0x12, 0x34, 0x00, 0x01, 0x80, 0x00,
                         0xc0, 0x00, 0x02, 0x01, 0xe1, 0xb2, 0xc3, 0xd4, 0x00, 0x00, 0x00, 0x01,
                         0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0xe1, 0xb2, 0xc3, 0xd5,
                         0x80, 0x00, 0x00, 0x00, 0xe1, 0xb2, 0xc3, 0xd5, 0x80, 0x00, 0x00, 0x02};

Packet the_packet() {
    Packet packet;
    packet.leap = 1;
    packet.version = 4;
    packet.mode = 4;
    packet.stratum = 2;
    packet.poll = 6;
    packet.precision_log2 = -23;
    packet.root_delay = 0x1234;
    packet.root_dispersion = 0x18000;
    packet.refid = 0xc0000201;
    packet.reference.bits = 0xe1b2c3d400000001;
    packet.origin.bits = 0x1122334455667788;
    packet.receive.bits = 0xe1b2c3d580000000;
    packet.transmit.bits = 0xe1b2c3d580000002;
    return packet;
}

TEST(Packet, ParsesEveryField) {
    const auto packet = parse_packet(kBytes);
    ASSERT_TRUE(packet);
    EXPECT_EQ(*packet, the_packet());
}

TEST(Packet, RendersEveryField) {
    EXPECT_EQ(render_packet(the_packet()), kBytes);
}

TEST(Packet, RefusesEverythingShorterThanTheHeader) {
    for (std::size_t size = 0; size < kHeaderSize; ++size)
        EXPECT_FALSE(parse_packet(std::span(kBytes).first(size))) << size;
}

TEST(Packet, PassesOverExtensionFieldsAndMacs) {
    std::vector<std::uint8_t> bytes(kBytes.begin(), kBytes.end());
    for (const std::size_t extra : {1U, 4U, 20U, 24U, 1000U}) {
        bytes.resize(kHeaderSize + extra, 0xff);
        const auto packet = parse_packet(bytes);
        ASSERT_TRUE(packet) << extra;
        EXPECT_EQ(*packet, the_packet()) << extra;
    }
}

TEST(Packet, CutsOffBitsThatDoNotFit) {
    auto packet = the_packet();
    packet.leap = 5;
    packet.version = 12;
    packet.mode = 12;
    EXPECT_EQ(render_packet(packet), kBytes);
}

}  // namespace
}  // namespace ntpopt
