// libFuzzer target: hostile datagrams through the packet parser, the chain of sanity rules and a whole burst. It looks
// for more than crashes: whatever is accepted must be finite, bounded, and no kiss.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "daemon/core/ntp/burst.hpp"

namespace {

using namespace ntpopt;
using namespace std::chrono_literals;

constexpr Duration kUnix = std::chrono::seconds(1'800'000'000);

void require(bool holds) {
    if (!holds) std::abort();
}

void check_header(const ServerHeader& header) {
    require(header.stratum >= 0 && header.stratum <= 255 && header.leap >= 0 && header.leap <= 3);
    require(header.root_delay_s >= 0 && header.root_delay_s < 65536);
    require(header.root_dispersion_s >= 0 && header.root_dispersion_s < 65536);
    require(std::isfinite(header.reference_age_s));
}

void check_sample(const Sample& sample) {
    require(std::isfinite(sample.offset_s) && std::isfinite(sample.delay_s) && std::isfinite(sample.t_s));
    require(sample.delay_s > -1e-5 && sample.delay_s < 6);
    require(std::abs(sample.offset_s) < 68.1 * 366 * 86400 + 2);
}

/// The datagram as it is, and with the right nonce in it, so that the rules behind the origin are reached.
void judge(std::span<const std::uint8_t> bytes, std::uint64_t nonce, Duration received) {
    const std::array<Exchange, 3> exchanges{{{nonce, 1s, 6s, Exchange::State::waiting},
                                             {nonce + 1, 3s, 8s, Exchange::State::answered},
                                             {nonce + 2, 5s, 10s, Exchange::State::unsent}}};
    const auto reply = check_reply(bytes, exchanges, received, LocalClock{kUnix, -18});
    if (const auto* measured = std::get_if<Measured>(&reply.content)) {
        require(reply.request == 0U);
        check_sample(measured->sample);
        check_header(measured->header);
        require(measured->header.leap != 3 && measured->header.stratum >= 1 && measured->header.stratum <= 15);
    } else if (const auto* unsynchronised = std::get_if<Unsynchronised>(&reply.content)) {
        check_header(unsynchronised->header);
    } else if (const auto* kiss = std::get_if<Kiss>(&reply.content)) {
        require(kiss->code.size() == 4);
    } else {
        require(!describe(std::get<Refusal>(reply.content)).empty());
    }
}

/// Datagrams of the input, cut by their first octet, arrive during one burst.
void run_burst(std::span<const std::uint8_t> bytes) {
    Burst burst({3, 2s, 5s, 0s}, Nonces{1, 2, 3, 4, 5, 6, 7, 8}, kUnix);
    Duration now = 0s;
    auto action = burst.start(now);
    for (int steps = 0; steps < 1000 && !std::holds_alternative<BurstDone>(action); ++steps) {
        if (const auto* send = std::get_if<SendRequest>(&action)) {
            action = burst.on_sent(now, send->sequence, now);
        } else if (!bytes.empty()) {
            const std::size_t size = std::min<std::size_t>(bytes[0], bytes.size() - 1);
            now += 10ms;
            action = burst.on_packet(now, bytes.subspan(1, size), now);
            bytes = bytes.subspan(1 + size);
        } else {
            now = std::max(now, std::get<WakeAt>(action).when);
            action = burst.on_timer(now);
        }
    }
    require(std::holds_alternative<BurstDone>(action));
    const auto measurement = burst.take_measurement();
    require(measurement.sent() <= 3);
    for (const auto& sample : measurement.samples)
        if (sample) check_sample(*sample);
    if (measurement.header) check_header(*measurement.header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    if (const auto packet = parse_packet(bytes)) {
        const auto rendered = render_packet(*packet);
        require(std::equal(rendered.begin(), rendered.end(), bytes.begin()));
        judge(bytes, packet->origin.bits, 1s + 20ms);
        judge(bytes, packet->origin.bits, 6s);
        judge(bytes, packet->origin.bits - 1, 2s);
        (void)to_unix(packet->transmit, kUnix);
    }
    judge(bytes, 42, 2s);
    run_burst(bytes);
    return 0;
}
