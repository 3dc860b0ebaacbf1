// Implementation of exchange.hpp.
#include "daemon/core/ntp/exchange.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ntpopt {
namespace {

constexpr std::uint8_t kVersion = 4;
constexpr std::uint8_t kOldestVersion = 3;           // RFC 5905 1: version 4 is compatible with it
constexpr std::uint8_t kLeapUnsynchronised = 3;      // RFC 5905 figure 9
constexpr std::uint8_t kStratumUnsynchronised = 16;  // RFC 5905 figure 11
constexpr Duration kMaxProcessing = std::chrono::seconds(1);
// A machine without a battery clock starts in 1970; no server can be older than this program.
constexpr Duration kOldestTime = std::chrono::seconds(1'767'225'600);  // 2026-01-01

ServerHeader header_of(const Packet& packet) {
    ServerHeader header;
    header.stratum = packet.stratum;
    header.leap = packet.leap;
    header.refid = packet.refid;
    header.root_delay_s = short_to_seconds(packet.root_delay);
    header.root_dispersion_s = short_to_seconds(packet.root_dispersion);
    header.reference_age_s = to_seconds(difference(packet.transmit, packet.reference));
    header.reference_time = packet.reference.bits;
    header.precision_log2 = packet.precision_log2;
    return header;
}

bool is_letter_or_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The kiss code, or "" where the reference id is none. Besides the codes of RFC 5905 figure 13, NTSN (RFC 8915 5.7)
/// and experimental ones (X...). INIT and STEP only say that the server is about to be synchronised, and whatever else
/// stands beside stratum 0 is the reference of a server that lost it: both ask nothing of us.
std::string kiss_code(std::uint32_t refid) {
    static constexpr std::array<std::string_view, 13> kCodes{"ACST", "AUTH", "AUTO", "BCST", "CRYP", "DENY", "DROP",
                                                             "RSTR", "MCST", "NKEY", "RATE", "RMOT", "NTSN"};
    std::string code;
    for (int shift = 24; shift >= 0; shift -= 8)
        code.push_back(static_cast<char>(refid >> shift & 0xff));
    const bool experimental = code[0] == 'X' && std::all_of(code.begin(), code.end(), is_letter_or_digit);
    if (experimental || std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end()) return code;
    return {};
}

}  // namespace

HeaderBytes render_request(std::uint64_t nonce) {
    Packet packet;
    packet.version = kVersion;
    packet.mode = static_cast<std::uint8_t>(NtpMode::client);
    packet.transmit.bits = nonce;
    return render_packet(packet);
}

std::string_view describe(Refusal refusal) {
    switch (refusal) {
        case Refusal::short_packet:
            return "shorter than an NTP header";
        case Refusal::mode:
            return "not in server mode";
        case Refusal::version:
            return "not of NTP version 3 or 4";
        case Refusal::zero_origin:
            return "without an origin timestamp";
        case Refusal::bogus_origin:
            return "answers a request that was not ours (origin timestamp)";
        case Refusal::duplicate:
            return "a second answer to the same request";
        case Refusal::late:
            return "came after the timeout";
        case Refusal::no_timestamps:
            return "without receive or transmit timestamp";
        case Refusal::processing_time:
            return "claims to have been sent before it was received, or more than 1 s after";
        case Refusal::negative_delay:
            return "claims to have taken longer to answer than we waited";
    }
    return "";
}

RefusalClass class_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::short_packet:
        case Refusal::mode:
        case Refusal::version:
            return RefusalClass::malformed;
        case Refusal::zero_origin:
        case Refusal::bogus_origin:
            return RefusalClass::unsolicited;
        case Refusal::duplicate:
        case Refusal::late:
            return RefusalClass::untimely;
        case Refusal::no_timestamps:
        case Refusal::processing_time:
        case Refusal::negative_delay:
            break;
    }
    return RefusalClass::implausible;
}

bool ends_burst(std::string_view kiss) {
    return kiss == "DENY" || kiss == "RSTR" || kiss == "RATE";
}

Reply check_reply(std::span<const std::uint8_t> bytes, std::span<const Exchange> exchanges, Duration received,
                  const LocalClock& clock) {
    Reply reply;
    const auto refuse = [&reply](Refusal refusal) {
        reply.content = refusal;
        return reply;
    };

    // RFC 5905 7.3: a packet begins with 48 octets of header.
    const auto parsed = parse_packet(bytes);
    if (!parsed) return refuse(Refusal::short_packet);
    const Packet& packet = *parsed;

    // RFC 5905 9.2: a client believes servers only.
    if (packet.mode != static_cast<std::uint8_t>(NtpMode::server)) return refuse(Refusal::mode);

    // RFC 5905 1, 7.3: the current version, and the one before, whose header is the same.
    if (packet.version < kOldestVersion || packet.version > kVersion) return refuse(Refusal::version);

    // RFC 5905 8 and RFC 8633 5.3: the origin must be what we sent, never zero. Whoever is not on the path cannot know
    // the nonce, so from here on the packet was made by the server, or by somebody who sees our traffic.
    if (!packet.origin.known()) return refuse(Refusal::zero_origin);
    const auto asked = std::find_if(exchanges.begin(), exchanges.end(), [&](const Exchange& exchange) {
        return exchange.state != Exchange::State::unsent && exchange.nonce == packet.origin.bits;
    });
    if (asked == exchanges.end()) return refuse(Refusal::bogus_origin);

    // RFC 5905 8: a request has one answer.
    if (asked->state == Exchange::State::answered) return refuse(Refusal::duplicate);

    // Ours: each request has its own timeout; an answer from before a suspend is as useless as one after the deadline.
    if (asked->state == Exchange::State::failed || received > asked->deadline) return refuse(Refusal::late);
    reply.request = static_cast<std::size_t>(asked - exchanges.begin());

    // RFC 5905 7.4, RFC 8633 5.4: a kiss counts with a right origin only, and nothing but its code does.
    if (packet.stratum == 0) {
        if (auto code = kiss_code(packet.refid); !code.empty()) {
            reply.content = Kiss{std::move(code)};
            return reply;
        }
    }

    // RFC 5905 9.2: no time to be had here. Its header still says why.
    if (packet.leap == kLeapUnsynchronised || packet.stratum == 0 || packet.stratum >= kStratumUnsynchronised) {
        reply.content = Unsynchronised{header_of(packet)};
        return reply;
    }

    // RFC 5905 8: T2 and T3 must have been filled in.
    if (!packet.receive.known() || !packet.transmit.known()) return refuse(Refusal::no_timestamps);

    // Ours: the server's own share of the round trip is never negative; much of it hides a delay.
    const Duration processing = difference(packet.transmit, packet.receive);
    if (processing < Duration::zero() || processing > kMaxProcessing) return refuse(Refusal::processing_time);

    // RFC 5905 8: delay = (T4 - T1) - (T3 - T2), below zero by no more than our clock is coarse.
    const Duration delay = (received - asked->sent) - processing;
    if (to_seconds(delay) < -std::ldexp(1.0, clock.precision_log2)) return refuse(Refusal::negative_delay);

    // RFC 5905 8: offset = ((T2 - T1) + (T3 - T4)) / 2; RFC 5905 6: in the era next to our own time.
    const Duration t1 = clock.unix_at_zero + asked->sent;
    const Duration t4 = clock.unix_at_zero + received;
    const Duration t2 = to_unix(packet.receive, std::max(t1, kOldestTime));
    const Duration t3 = t2 + processing;
    Measured measured;
    measured.sample.offset_s = to_seconds((t2 - t1) + (t3 - t4)) / 2;
    measured.sample.delay_s = to_seconds(delay);
    measured.sample.t_s = to_seconds(asked->sent + received) / 2;
    measured.header = header_of(packet);
    reply.content = measured;
    return reply;
}

}  // namespace ntpopt
