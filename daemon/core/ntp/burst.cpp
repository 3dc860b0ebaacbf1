// Implementation of burst.hpp.
#include "daemon/core/ntp/burst.hpp"

#include <algorithm>

#include "daemon/core/measure/summary.hpp"

namespace ntpopt {
namespace {

// A kernel stamp this far from the moment of sending belongs to another packet or another clock.
constexpr Duration kMaxSendTime = std::chrono::milliseconds(500);

}  // namespace

Burst::Burst(BurstPlan plan, const Nonces& nonces, Duration unix_at_zero) : plan_(plan) {
    clock_.unix_at_zero = unix_at_zero;
    plan_.requests = std::clamp(plan_.requests, 1, static_cast<int>(kMaxBurst));
    for (std::size_t i = 0; i < exchanges_.size(); ++i)
        exchanges_[i].nonce = nonces[i];
}

BurstAction Burst::start(Duration now) {
    next_send_ = now + plan_.phase;
    return next(now);
}

BurstAction Burst::on_timer(Duration now) {
    return next(now);
}

BurstAction Burst::on_sent(Duration now, std::size_t sequence, Duration sent) {
    auto& exchange = exchanges_[sequence];
    exchange.state = Exchange::State::waiting;
    exchange.sent = sent;
    exchange.deadline = sent + plan_.timeout;
    next_send_ = sent + plan_.spacing;
    sending_ = false;
    return next(now);
}

BurstAction Burst::on_send_failed(Duration now, std::size_t sequence, std::string_view why) {
    exchanges_[sequence].state = Exchange::State::failed;
    measurement_.failure = why;
    ++measurement_.unsent;
    next_send_ = now + plan_.spacing;
    sending_ = false;
    return next(now);
}

void Burst::on_transmit_stamp(std::size_t sequence, Duration stamp) {
    if (sequence >= asked_) return;
    auto& exchange = exchanges_[sequence];
    if (exchange.state != Exchange::State::waiting) return;
    if (stamp >= exchange.sent && stamp <= exchange.sent + kMaxSendTime) exchange.sent = stamp;
}

BurstAction Burst::on_packet(Duration now, std::span<const std::uint8_t> bytes, Duration received) {
    if (!ended_) accept(check_reply(bytes, exchanges_, received, clock_));
    return next(now);
}

void Burst::on_network_error(std::string_view why) {
    measurement_.failure = why;
}

void Burst::on_resume(Duration unix_at_zero) {
    clock_.unix_at_zero = unix_at_zero;
    for (auto& exchange : exchanges_)
        if (exchange.state == Exchange::State::waiting) exchange.state = Exchange::State::failed;
    for (auto& sample : measurement_.samples)
        sample.reset();
    has_sample_ = false;
}

Measurement Burst::take_measurement() {
    // A request that was given out but has not left when the round is cut short was never sent.
    measurement_.samples.resize(sending_ ? asked_ - 1 : asked_);
    if (measurement_.received() > 0) measurement_.failure.clear();
    return std::move(measurement_);
}

void Burst::accept(const Reply& reply) {
    if (reply.request) exchanges_[*reply.request].state = Exchange::State::answered;
    if (const auto* measured = std::get_if<Measured>(&reply.content)) {
        measurement_.samples.resize(std::max(measurement_.samples.size(), *reply.request + 1));
        measurement_.samples[*reply.request] = measured->sample;
        // RFC 5905 10: the sample with the least delay is the most accurate, so its header speaks for the server.
        if (!has_sample_ || measured->sample.delay_s < best_delay_s_) {
            measurement_.header = measured->header;
            best_delay_s_ = measured->sample.delay_s;
            has_sample_ = true;
        }
        if (plan_.once && asked_ == 1 && is_usable(measured->sample, measured->header)) ended_ = true;
    } else if (const auto* unsynchronised = std::get_if<Unsynchronised>(&reply.content)) {
        if (!has_sample_) measurement_.header = unsynchronised->header;
    } else if (const auto* kiss = std::get_if<Kiss>(&reply.content)) {
        measurement_.kiss = kiss->code;
        ++measurement_.kisses;
        if (ends_burst(kiss->code)) ended_ = true;
    } else {
        const auto refusal = std::get<Refusal>(reply.content);
        ++measurement_.refused;
        ++measurement_.refused_as.at(static_cast<std::size_t>(class_of(refusal)));
        measurement_.refusal = describe(refusal);
    }
}

BurstAction Burst::next(Duration now) {
    if (ended_) return BurstDone{};
    const bool all_asked = asked_ == static_cast<std::size_t>(plan_.requests);
    if (!all_asked && !sending_ && now >= next_send_) {
        sending_ = true;
        const auto sequence = asked_++;
        return SendRequest{sequence, render_request(exchanges_[sequence].nonce)};
    }
    const auto wake = wake_time();
    if (all_asked && !sending_ && wake <= now) {
        ended_ = true;
        return BurstDone{};
    }
    return WakeAt{wake};
}

Duration Burst::wake_time() const {
    if (sending_) return kNever;
    if (asked_ < static_cast<std::size_t>(plan_.requests)) return next_send_;
    // All are out: only the answers that may still come are waited for.
    Duration last = Duration::min();
    for (const auto& exchange : exchanges_)
        if (exchange.state == Exchange::State::waiting) last = std::max(last, exchange.deadline);
    return last;
}

}  // namespace ntpopt
