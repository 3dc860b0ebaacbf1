// Implementation of schedule.hpp.
#include "daemon/core/schedule/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ntpopt {
namespace {

constexpr Duration kBootSpread = 8min;
constexpr Duration kFreshBoot = 15min;
/// At 6 h, 54 min: a fleet that is switched on at once asks within the hour, at seven times its usual rate.
constexpr double kShareAfterBoot = 0.15;
constexpr Duration kFirstRetry = 30min;
/// What was asked in the crash and shortly before it may be forgotten, where the power failed, and the NTP Pool wants
/// DNS to be asked once an hour; and that was asked some time after the round began.
constexpr Duration kRestAfterCrash = 65min;
constexpr Duration kSettle = 15s;
constexpr Duration kSettleSpread = 30s;
constexpr Duration kBetweenTriggered = 10min;
constexpr Duration kTokenEvery = 6h;
constexpr int kMostPutOff = 4;

Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

std::string_view name_of(Trigger trigger) {
    switch (trigger) {
        case Trigger::network_changed:
            return "network_changed";
        case Trigger::resumed:
            return "resumed";
        case Trigger::unsynchronised:
            return "unsynchronised";
        case Trigger::sources_dead:
            return "sources_dead";
        case Trigger::service_restarted:
            return "service_restarted";
    }
    return "schedule";
}

Schedule::Schedule(ScheduleConfig config, std::uint64_t machine) : config_(config), machine_(machine) {}

/// The machine's share of the interval: a fleet that is switched on at once still asks evenly over the interval.
Duration Schedule::phase() const {
    return scaled(config_.interval, static_cast<double>(machine_ >> 11) * 0x1p-53);
}

/// The interval with its random share, symmetric around it.
Duration Schedule::splayed(double chance) const {
    return config_.interval + scaled(config_.interval, config_.splay * (chance - 0.5));
}

void Schedule::plan(Duration at, std::string_view reason) {
    next_ = at;
    reason_ = reason;
}

/// After so many useless rounds in a row.
Duration Schedule::retry_wait() const {
    return std::min(scaled(kFirstRetry, std::exp2(std::clamp(useless_ - 1, 0, 16))), config_.interval);
}

void Schedule::start(Duration now, const PastRounds& past, double chance) {
    const auto since_last = past.since_last.value_or(Duration::zero());
    tokens_at_ = now;
    tokens_ = std::clamp(past.tokens + to_seconds(since_last) / to_seconds(kTokenEvery), 0.0, kMostTokens);
    useless_ = std::max(past.useless, 0);
    const bool whole_fleet = past.since_last && now < kFreshBoot;
    const auto spread = whole_fleet ? std::max(kBootSpread, scaled(config_.interval, kShareAfterBoot)) : kBootSpread;
    earliest_ = now;
    if (config_.boot_delay != Duration::zero()) earliest_ += config_.boot_delay + scaled(spread, chance);
    // The first round of all comes soon, whatever the phase: until then nothing is known.
    if (!past.since_last) return plan(earliest_, "boot");
    last_round_ = now - since_last;
    auto wait = useless_ == 0 ? config_.interval : retry_wait();
    if (past.cut_short) {
        wait = std::max(wait, kRestAfterCrash);
        earliest_ = std::max(earliest_, *last_round_ + kRestAfterCrash);  // whatever calls for it
    }
    const auto due = *last_round_ + wait;
    plan(std::max(due, earliest_), due <= now ? "boot" : useless_ == 0 ? "schedule" : "retry");
}

void Schedule::configure(ScheduleConfig config, Duration now) {
    const auto before = config_.interval;
    config_ = config;
    if (before == config.interval || !last_round_) return;
    plan(std::max(now, *last_round_ + config.interval), "schedule");
}

void Schedule::finished(Duration now, bool useful, double chance) {
    last_round_ = now;
    put_off_ = 0;
    useless_ = useful ? 0 : useless_ + 1;
    if (useful) {
        // Once in the life of a process the distance to the next round is half an interval and the phase, so that
        // machines that were booted together drift apart for good.
        const auto wait = std::exchange(phased_, true) ? splayed(chance) : scaled(config_.interval, 0.5) + phase();
        return plan(now + wait, "schedule");
    }
    plan(now + scaled(retry_wait(), 0.75 + 0.5 * chance), "retry");
}

bool Schedule::trigger(Trigger trigger, Duration now, double chance) {
    tokens_ = std::min(kMostTokens, tokens_ + to_seconds(now - tokens_at_) / to_seconds(kTokenEvery));
    tokens_at_ = now;
    auto at = std::max(now + kSettle + scaled(kSettleSpread, chance), earliest_);
    if (last_round_) at = std::max(at, *last_round_ + kBetweenTriggered);
    const bool unsettled = trigger == Trigger::network_changed || trigger == Trigger::resumed;
    if (unsettled && next_ <= now && put_off_ < kMostPutOff) {
        ++put_off_;
        next_ = at;
        return true;
    }
    if (at >= next_ || tokens_ < 1) return false;
    tokens_ -= 1;
    plan(at, name_of(trigger));
    return true;
}

}  // namespace ntpopt
