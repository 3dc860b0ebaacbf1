// Implementation of world.hpp. The numbers were fixed on the tuning seeds so that the known strategies behave as they
// are known to (README.md) and are not to be touched for any other reason.
#include "tests/bench/selection_lab/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/bench/selection_lab/dice.hpp"

namespace ntpopt::lab {
namespace {

constexpr double kAsymmetry = 0.12;   // of half the delay, standard deviation
constexpr double kTailChance = 0.04;  // of a packet to be queued so much longer
constexpr double kTailFactor = 8;
constexpr double kCongestionChance = 0.03;  // of a round, usual path
constexpr double kCongestionFactor = 6;
constexpr double kRouteChange = 0.01;  // a round
constexpr double kOutage = 0.004;
constexpr double kOutageLength = 2;  // rounds, mean
constexpr double kTurnsFalse = 0.002;
constexpr double kFalseLength = 7;  // rounds, mean
constexpr double kBiasTime = 4;     // rounds in which an own error forgets itself
constexpr int kClientSamples = 32;  // that matter to a client in a round
constexpr int kClientBest = 4;      // of them, those with the least delay

/// What a server is like all the time.
struct Nature {
    double delay_ms = 20;
    double asymmetry = kAsymmetry;  // standard deviation of the share
    double least_asymmetry = 0;
    double queue_ms = 0.3;  // mean of a leg
    double bias_ms = 0.1;   // standard deviation of the own clock's wandering error
    double lie_ms = 0;
    double loss = 0.01;
    double congestion = kCongestionChance;
    int stratum = 2;
    double root_delay_ms = 5;
    double root_dispersion_ms = 3;
    bool honest = true;  // may turn false one day
};

class Life {
  public:
    Life(const Server& server, const Nature& nature, std::uint64_t number, Dice dice)
        : kind_(server.kind), nature_(nature), number_(number), dice_(dice), delay_ms_(nature.delay_ms) {
        asymmetry_ = draw_asymmetry();
        bias_ms_ = dice_.normal(nature.bias_ms);
    }

    Seen live(bool events) {
        if (events) meet_fate();
        const double keep = std::exp(-1 / kBiasTime);
        bias_ms_ = keep * bias_ms_ + dice_.normal(nature_.bias_ms * std::sqrt(1 - keep * keep));
        queue_ms_ = nature_.queue_ms * (dice_.chance(events ? nature_.congestion : 0) ? kCongestionFactor : 1);
        Seen out;
        out.error_ms = nature_.lie_ms + fault_ms_ + bias_ms_ + asymmetry_ * delay_ms_ / 2;
        out.kiss = kind_ == Kind::kiss_of_death;
        out.samples.resize(kSamples);
        const bool silent = outage_ > 0 || out.kiss;
        for (int k = 0; k < kSamples; ++k) {
            const auto sample = exchange(out.error_ms);
            if (silent || dice_.chance(nature_.loss)) continue;
            out.samples[static_cast<std::size_t>(k)] =
                Sample{sample.offset_s, sample.delay_s, 2.0 * k + 0.02 * static_cast<double>(number_)};
        }
        out.followed_ms = follow(out);
        out.distance_ms = delay_ms_ / 2 + nature_.root_delay_ms / 2 + nature_.root_dispersion_ms;
        out.reachable = !silent && kind_ != Kind::unsynchronised;
        if (std::any_of(out.samples.begin(), out.samples.end(), [](const auto& sample) { return sample.has_value(); }))
            out.header = header();
        return out;
    }

  private:
    double draw_asymmetry() {
        const double share = dice_.normal(nature_.asymmetry);
        return share + std::copysign(nature_.least_asymmetry, share);
    }

    void meet_fate() {
        if (dice_.chance(kRouteChange)) {
            delay_ms_ = nature_.delay_ms * std::exp(dice_.normal(0.25));
            asymmetry_ = draw_asymmetry();
        }
        outage_ = std::max(outage_ - 1, 0);
        if (dice_.chance(kOutage)) outage_ = 1 + static_cast<int>(dice_.exponential(kOutageLength - 0.5));
        falsehood_ = std::max(falsehood_ - 1, 0);
        if (falsehood_ == 0) fault_ms_ = 0;
        const double fault_ms = dice_.sign() * dice_.log_between(50, 5000);
        const int length = 1 + static_cast<int>(dice_.exponential(kFalseLength - 0.5));
        if (dice_.chance(kTurnsFalse) && nature_.honest && falsehood_ == 0) {
            fault_ms_ = fault_ms;
            falsehood_ = length;
        }
    }

    double leg() { return dice_.exponential(queue_ms_ * (dice_.chance(kTailChance) ? kTailFactor : 1)); }

    /// One request and its answer: asymmetry is in the error already, queues disturb each way on its own.
    Sample exchange(double error_ms) {
        const double forth = leg();
        const double back = leg();
        return {(error_ms + (forth - back) / 2) * 1e-3, (delay_ms_ + forth + back) * 1e-3, 0};
    }

    /// A client asks many times in a round and leans on the quick answers.
    double follow(const Seen& seen) {
        std::vector<Sample> all;
        for (int k = 0; k < kClientSamples; ++k)
            all.push_back(exchange(seen.error_ms));
        std::sort(all.begin(), all.end(), [](const Sample& a, const Sample& b) { return a.delay_s < b.delay_s; });
        double sum = 0;
        for (std::size_t k = 0; k < kClientBest; ++k)
            sum += all[k].offset_s * 1e3;
        return sum / kClientBest;
    }

    [[nodiscard]] ServerHeader header() const {
        const bool lost = kind_ == Kind::unsynchronised;
        return {.stratum = lost ? 16 : nature_.stratum,
                .leap = lost ? 3 : 0,
                .refid = nature_.stratum == 1 ? 0x47505300U : 0xc6330000U + static_cast<std::uint32_t>(number_),
                .root_delay_s = nature_.root_delay_ms * 1e-3,
                .root_dispersion_s = nature_.root_dispersion_ms * 1e-3,
                .reference_age_s = 30,
                .reference_time = number_ + 1,
                .precision_log2 = -24};
    }

    Kind kind_;
    Nature nature_;
    std::uint64_t number_;
    Dice dice_;
    double delay_ms_;
    double asymmetry_ = 0;
    double bias_ms_ = 0;
    double queue_ms_ = 0;
    double fault_ms_ = 0;
    int outage_ = 0;
    int falsehood_ = 0;
};

/// The inhabitants of a world, in the making.
class Census {
  public:
    explicit Census(std::uint64_t seed) : dice_(seed) { world_.seed = seed; }

    Dice& dice() { return dice_; }

    void add(Kind kind, const Nature& nature, bool regional = false) {
        const auto number = world_.servers.size();
        add(kind, nature, regional, fmt::format("ntp.operator{}.test", number), fmt::format("10.0.{}.1", number));
    }
    void add(Kind kind, const Nature& nature, bool regional, std::string name, std::string address) {
        world_.servers.push_back({kind, std::move(name), std::move(address), regional});
        natures_.push_back(nature);
    }

    World live(int rounds, bool events) {
        world_.rounds.resize(static_cast<std::size_t>(rounds));
        for (std::size_t i = 0; i < natures_.size(); ++i) {
            Life life(world_.servers[i], natures_[i], i, dice_.fork(i + 1));
            for (auto& round : world_.rounds)
                round.seen.push_back(life.live(events));
        }
        return std::move(world_);
    }

  private:
    Dice dice_;
    World world_;
    std::vector<Nature> natures_;
};

void settle_honest(Census& census) {
    auto& dice = census.dice();
    for (int i = 0; i < 10; ++i) {
        const auto number = i + 1;
        census.add(Kind::volunteer,
                   {.delay_ms = dice.log_between(6, 45),
                    .queue_ms = dice.log_between(0.2, 1.5),
                    .bias_ms = dice.log_between(0.2, 4),
                    .loss = 0.02,
                    .stratum = dice.chance(0.1)    ? 1
                               : dice.chance(0.75) ? 2
                                                   : 3,
                    .root_delay_ms = dice.log_between(0.5, 15),
                    .root_dispersion_ms = dice.log_between(0.5, 12)},
                   dice.chance(0.5), fmt::format("ntp.volunteer{}.test", number), fmt::format("10.1.{}.1", number));
    }
    for (int i = 0; i < 3; ++i)
        census.add(Kind::cloud, {.delay_ms = dice.log_between(2, 12),
                                 .queue_ms = dice.log_between(0.1, 0.4),
                                 .bias_ms = dice.log_between(0.05, 0.2),
                                 .stratum = dice.chance(0.5) ? 1 : 2,
                                 .root_delay_ms = dice.log_between(1, 10),
                                 .root_dispersion_ms = dice.log_between(1, 8)});
    for (int i = 0; i < 3; ++i)
        census.add(Kind::laboratory,
                   {.delay_ms = dice.log_between(6, 35),
                    .queue_ms = dice.log_between(0.1, 0.5),
                    .bias_ms = 0.03,
                    .stratum = 1,
                    .root_delay_ms = 0,
                    .root_dispersion_ms = dice.log_between(1, 5)},
                   dice.chance(0.5));
    for (int i = 0; i < 2; ++i)
        census.add(Kind::isp,
                   {.delay_ms = dice.log_between(2, 8),
                    .queue_ms = dice.log_between(0.1, 0.4),
                    .bias_ms = dice.log_between(0.3, 2),
                    .stratum = dice.chance(0.6) ? 2 : 3,
                    .root_delay_ms = dice.log_between(0.5, 4),
                    .root_dispersion_ms = dice.log_between(0.4, 3)},
                   true);
    for (int i = 0; i < 4; ++i)
        census.add(Kind::far, {.delay_ms = dice.between(150, 260),
                               .asymmetry = 0.08,
                               .least_asymmetry = 0.03,
                               .queue_ms = 0.1,
                               .bias_ms = 0.02,
                               .congestion = 0,
                               .stratum = 1,
                               .root_delay_ms = 0,
                               .root_dispersion_ms = 0.3});
    for (int i = 0; i < 2; ++i)
        census.add(Kind::congested, {.delay_ms = dice.log_between(10, 40),
                                     .queue_ms = dice.log_between(3, 8),
                                     .bias_ms = 0.3,
                                     .congestion = 0.4,
                                     .stratum = 2});
    for (int i = 0; i < 2; ++i)
        census.add(Kind::flaky, {.delay_ms = dice.log_between(10, 50), .bias_ms = 0.5, .loss = 0.4, .stratum = 2});
}

void settle_others(Census& census) {
    auto& dice = census.dice();
    if (dice.chance(0.8))
        census.add(Kind::falseticker,
                   {.delay_ms = dice.log_between(2, 12),
                    .queue_ms = 0.01,
                    .bias_ms = 0.01,
                    .lie_ms = dice.sign() * dice.log_between(12, 5000),
                    .loss = 0,
                    .congestion = 0,
                    .stratum = 1,
                    .root_delay_ms = 0,
                    .root_dispersion_ms = 0.2,
                    .honest = false},
                   dice.chance(0.35));
    if (dice.chance(0.8)) {
        const double lie_ms = dice.between(2, 9);
        census.add(Kind::hidden_liar,
                   {.delay_ms = lie_ms * dice.between(2.02, 2.3),
                    .queue_ms = 0.02,
                    .bias_ms = 0.02,
                    .lie_ms = dice.sign() * lie_ms,
                    .loss = 0,
                    .congestion = 0,
                    .stratum = 1,
                    .root_delay_ms = 0,
                    .root_dispersion_ms = 0.2,
                    .honest = false},
                   dice.chance(0.45));
    }
    if (dice.chance(0.35)) {
        const auto count = 3 + dice.below(4);
        const double lie_ms = dice.sign() * dice.log_between(15, 5000);
        const bool disguised = dice.chance(0.5);
        const bool regional = dice.chance(0.35);
        for (std::size_t i = 0; i < count; ++i) {
            const Nature nature{.delay_ms = dice.log_between(4, 20),
                                .queue_ms = 0.03,
                                .bias_ms = 0.02,
                                .lie_ms = lie_ms,
                                .loss = 0,
                                .stratum = 1,
                                .root_delay_ms = 0,
                                .root_dispersion_ms = 0.3,
                                .honest = false};
            if (disguised)
                census.add(Kind::colluder, nature, regional);
            else
                census.add(Kind::colluder, nature, regional, fmt::format("ntp{}.block.test", i + 1),
                           fmt::format("10.2.0.{}", i + 1));
        }
    }
    if (dice.chance(0.5)) census.add(Kind::unsynchronised, {.lie_ms = dice.normal(2000), .honest = false});
    if (dice.chance(0.5)) census.add(Kind::kiss_of_death, {.honest = false});
}

}  // namespace

World make_world(std::uint64_t seed) {
    Census census(seed);
    settle_honest(census);
    settle_others(census);
    return census.live(kRounds, true);
}

World make_equal_world(std::uint64_t seed, int servers, int rounds) {
    Census census(seed);
    for (int i = 0; i < servers; ++i)
        census.add(Kind::equal, {.delay_ms = 12, .asymmetry = 0, .queue_ms = 0.3, .bias_ms = 0.2, .stratum = 2});
    return census.live(rounds, false);
}

}  // namespace ntpopt::lab
