// The strategies that ours is compared with. Each gets what it needs to be good: no packet that a sane client would
// refuse (kiss-o'-death, unsynchronised) ever reaches one.
#include <algorithm>
#include <cmath>
#include <optional>

#include "daemon/core/measure/summary.hpp"
#include "daemon/core/score/score.hpp"
#include "tests/bench/selection_lab/strategy.hpp"

namespace ntpopt::lab {
namespace {

constexpr double kUnknownJitter_ms = 5;  // of one sample, charitably: 0 would make flaky servers win
constexpr double kMemory = 0.84;         // of reachability, a round: half after a day
constexpr int kStrikes = 3;
constexpr double kBlacklisted_s = 7 * 86400.0;

struct Best {
    double offset_ms = 0;
    double delay_ms = 0;
    double jitter_ms = 0;
    int received = 0;
};

/// The usual figures of one burst: the sample with the least delay, and the spread of all.
std::optional<Best> measure(const Seen& seen, double clock_ms) {
    if (!seen.header || seen.header->leap == 3) return std::nullopt;
    Best out{.delay_ms = HUGE_VAL};
    double sum = 0;
    double squares = 0;
    for (const auto& sample : seen.samples) {
        if (!sample) continue;
        ++out.received;
        const double offset_ms = sample->offset_s * 1e3 - clock_ms;
        sum += offset_ms;
        squares += offset_ms * offset_ms;
        if (sample->delay_s * 1e3 < out.delay_ms) {
            out.delay_ms = sample->delay_s * 1e3;
            out.offset_ms = offset_ms;
        }
    }
    const double count = out.received;
    out.jitter_ms = count < 2 ? kUnknownJitter_ms : std::sqrt(std::max(squares - sum * sum / count, 0.0) / (count - 1));
    return out;
}

/// The best of the candidates by a figure of which less is better.
std::vector<std::size_t> take_least(std::vector<std::pair<double, std::size_t>> figures, int sources) {
    std::sort(figures.begin(), figures.end());
    std::vector<std::size_t> out;
    for (const auto& [figure, i] : figures)
        if (out.size() < static_cast<std::size_t>(sources)) out.push_back(i);
    return out;
}

/// The weighted score of jitter, reachability, stratum and |offset to the local clock|, with regional bonus, relative
/// hysteresis, minimum score and a blacklist: what people write first.
class PlainScore : public Strategy {
  public:
    explicit PlainScore(int sources) : sources_(sources) {}

    Wish choose(const View& view) override {
        memory_.resize(view.world.servers.size());
        std::vector<std::pair<double, std::size_t>> ranked;  // minus score
        std::vector<double> scores(memory_.size(), -1);
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            scores[i] = score(view, i);
            if (scores[i] >= config_.min_score) ranked.emplace_back(-scores[i], i);
        }
        std::sort(ranked.begin(), ranked.end());
        std::erase_if(chosen_, [&](std::size_t i) { return scores[i] < config_.min_score; });
        for (const auto& [minus, i] : ranked) {
            if (std::find(chosen_.begin(), chosen_.end(), i) != chosen_.end()) continue;
            if (chosen_.size() < static_cast<std::size_t>(sources_)) {
                chosen_.push_back(i);
                continue;
            }
            const auto worst = std::min_element(chosen_.begin(), chosen_.end(),
                                                [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
            if (-minus < (1 + config_.hysteresis) * scores[*worst]) break;
            *worst = i;
        }
        return {chosen_, 0};
    }

  private:
    struct Memory {
        double sent = 0;
        double received = 0;
        int failures = 0;
        double barred_until_s = 0;
    };

    double score(const View& view, std::size_t i) {
        auto& memory = memory_[i];
        const auto best = measure(view.round.seen[i], view.clock_ms);
        memory.sent = kMemory * memory.sent + kSamples;
        memory.received = kMemory * memory.received + (best ? best->received : 0);
        memory.failures = best ? 0 : memory.failures + 1;
        if (memory.failures >= kStrikes) memory.barred_until_s = view.time_s + kBlacklisted_s;
        if (!best || memory.barred_until_s > view.time_s) return -1;
        const Metrics metrics{.jitter_ms = best->jitter_ms,
                              .reachability = 100 * memory.received / memory.sent,
                              .stratum = view.round.seen[i].header->stratum,
                              .error_ms = std::abs(best->offset_ms),
                              .delay_ms = best->delay_ms,
                              .regional = view.world.servers[i].regional};
        return total_score(score_parts(metrics, config_), config_);
    }

    int sources_;
    SelectionConfig config_;
    std::vector<Memory> memory_;
    std::vector<std::size_t> chosen_;
};

/// Marzullo's vote over all candidates, then those with the least root distance: how NTP daemons rank sources.
class RootDistance : public Strategy {
  public:
    explicit RootDistance(int sources) : sources_(sources) {}

    Wish choose(const View& view) override {
        struct Interval {
            std::size_t server;
            double low, high, distance;
        };
        std::vector<Interval> all;
        for (std::size_t i = 0; i < view.world.servers.size(); ++i) {
            const auto best = measure(view.round.seen[i], view.clock_ms);
            if (!best) continue;
            const auto& header = *view.round.seen[i].header;
            const double distance = best->delay_ms / 2 + (header.root_delay_s / 2 + header.root_dispersion_s) * 1e3;
            all.push_back({i, best->offset_ms - distance, best->offset_ms + distance, distance + best->jitter_ms});
        }
        std::size_t depth = 0;
        double at = 0;
        for (const auto& edge : all) {
            const auto here =
                static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Interval& other) {
                    return other.low <= edge.low && other.high >= edge.low;
                }));
            if (here <= depth) continue;
            depth = here;
            at = edge.low;
        }
        if (2 * depth <= all.size()) return {chosen_, 0};
        std::vector<std::pair<double, std::size_t>> figures;
        for (const auto& one : all)
            if (one.low <= at && one.high >= at) figures.emplace_back(one.distance, one.server);
        chosen_ = take_least(std::move(figures), sources_);
        return {chosen_, 0};
    }

  private:
    int sources_;
    std::vector<std::size_t> chosen_;
};

/// One pool line, and nobody chooses.
class PlainPool : public Strategy {
  public:
    explicit PlainPool(int sources) : sources_(sources) {}
    Wish choose(const View& /*view*/) override { return {{}, sources_}; }

  private:
    int sources_;
};

class LowestLatency : public Strategy {
  public:
    explicit LowestLatency(int sources) : sources_(sources) {}

    Wish choose(const View& view) override {
        std::vector<std::pair<double, std::size_t>> figures;
        for (std::size_t i = 0; i < view.world.servers.size(); ++i)
            if (const auto best = measure(view.round.seen[i], view.clock_ms)) figures.emplace_back(best->delay_ms, i);
        return {take_least(std::move(figures), sources_), 0};
    }

  private:
    int sources_;
};

/// Knows the truth: the bound that nobody reaches.
class Oracle : public Strategy {
  public:
    explicit Oracle(int sources) : sources_(sources) {}

    Wish choose(const View& view) override {
        std::vector<std::pair<double, std::size_t>> figures;
        for (std::size_t i = 0; i < view.world.servers.size(); ++i)
            if (view.round.seen[i].reachable) figures.emplace_back(std::abs(view.round.seen[i].error_ms), i);
        return {take_least(std::move(figures), sources_), 0};
    }

  private:
    int sources_;
};

}  // namespace

std::string_view name_of(StrategyKind strategy) {
    switch (strategy) {
        case StrategyKind::plain_score:
            return "plain score";
        case StrategyKind::root_distance:
            return "root distance";
        case StrategyKind::plain_pool:
            return "plain pool";
        case StrategyKind::lowest_latency:
            return "lowest latency";
        case StrategyKind::ours:
            return "ours";
        case StrategyKind::ours_with_pool:
            return "ours, pool line";
        case StrategyKind::oracle:
            return "oracle";
    }
    return "";
}

std::unique_ptr<Strategy> make_strategy(StrategyKind strategy, int sources, ClientKind client) {
    switch (strategy) {
        case StrategyKind::plain_score:
            return std::make_unique<PlainScore>(sources);
        case StrategyKind::root_distance:
            return std::make_unique<RootDistance>(sources);
        case StrategyKind::plain_pool:
            return std::make_unique<PlainPool>(sources);
        case StrategyKind::lowest_latency:
            return std::make_unique<LowestLatency>(sources);
        case StrategyKind::ours:
            return make_ours(sources, client, false);
        case StrategyKind::ours_with_pool:
            return make_ours(sources, client, true);
        case StrategyKind::oracle:
            break;
    }
    return std::make_unique<Oracle>(sources);
}

}  // namespace ntpopt::lab
