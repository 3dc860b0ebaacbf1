// Implementation of verdict.hpp.
#include "tests/fleet/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace ntpopt::fleet {
namespace {

constexpr double kMostUsually = 3;
constexpr double kMostAfterCut = 10;
constexpr std::size_t kWideBin = 10;  // minutes
constexpr std::size_t kADay = 24 * 60;
// A moment since 1970 as a double is exact to a quarter of a microsecond.
constexpr Duration kRounding = std::chrono::microseconds(1);
constexpr std::size_t kRequestsADay = 48;   // one in 30 min on the average
constexpr std::size_t kPacketsARound = 60;  // as the documentation says: 20 candidates, three packets each

bool is_after_cut(std::size_t minute, const std::vector<PowerCut>& cuts) {
    const auto time = kWarmUp + std::chrono::minutes(minute);
    return std::any_of(cuts.begin(), cuts.end(), [&](const PowerCut& cut) {
        const auto power = cut.at + cut.lasts;
        return time + std::chrono::minutes(1) > power && time < power + std::chrono::hours(1);
    });
}

/// Packets a minute in those minutes from `first` to `last` that lie in hours after power cuts, or in no such hour; 0
/// where there are none.
double mean_of(const Server& server, const std::vector<bool>& after, bool in_hour, std::size_t first = 0,
               std::size_t last = kMinutes) {
    double packets = 0;
    double minutes = 0;
    for (std::size_t minute = first; minute < last; ++minute) {
        if (after[minute] != in_hour) continue;
        packets += server.packets[minute];
        ++minutes;
    }
    return minutes == 0 ? 0 : packets / minutes;
}

/// How many times more all servers together were asked in the hours after power cuts.
double lift_of(const World& world, const std::vector<bool>& after) {
    double hours = 0;
    double week = 0;
    for (const auto& [address, server] : world.servers()) {
        hours += mean_of(server, after, true);
        week += server.mean();
    }
    return week == 0 ? 0 : hours / week;
}

/// What a server is to expect in each minute if nobody herds: its mean of the day, which drifts while the fleet learns,
/// or in the hours after power cuts the mean of these. Never more than the rule's factor.
std::vector<double> expectations(const Server& server, const std::vector<bool>& after, double mean, double hour) {
    std::vector<double> expected(kMinutes);
    for (std::size_t day = 0; day < kMinutes; day += kADay) {
        const double usual = std::clamp(mean_of(server, after, false, day, day + kADay), mean, kMostUsually * mean);
        for (std::size_t minute = day; minute < day + kADay; ++minute)
            expected[minute] = after[minute] ? std::min(hour, kMostAfterCut * mean) : usual;
    }
    return expected;
}

struct Bins {
    Load::Worst fullest;
    Load::Worst nearest;  ///< to what it may hold
};

void raise(Load::Worst& worst, const Load::Worst& seen) {
    if (seen.ratio > worst.ratio) worst = seen;
}

void raise_nearest(Load::Worst& nearest, const Load::Worst& seen) {
    if (nearest.most == 0 || seen.ratio * nearest.most > nearest.ratio * seen.most) nearest = seen;
}

/// Bins of so many minutes, of those that begin after a power cut or of all others, by what is expected in each minute.
Bins look_at(const Server& server, const std::vector<bool>& after, bool in_hour, std::size_t width,
             const std::vector<double>& expected, double by_rule, int packets_a_burst) {
    const double mean = server.mean();
    const auto minutes = static_cast<double>(width);
    std::map<double, double> by_chance;
    Bins bins;
    for (std::size_t first = 0; first + width <= kMinutes; first += width) {
        if (after[first] != in_hour) continue;
        const auto* begin = server.packets.data() + first;
        const double packets = std::accumulate(begin, begin + width, 0.0) / minutes;
        auto [known, added] = by_chance.try_emplace(expected[first]);
        if (added) known->second = most_by_chance(expected[first] * minutes, packets_a_burst) / minutes;
        const Load::Worst seen{packets / mean, std::max(by_rule, known->second) / mean, mean, first};
        raise(bins.fullest, seen);
        if (packets > 0) raise_nearest(bins.nearest, seen);
    }
    return bins;
}

}  // namespace

void Sum::add(const Life& life) {
    ++machines;
    processes += static_cast<std::uint64_t>(life.processes);
    packets += life.conduct.packets;
    questions += life.conduct.questions;
    for (const auto& [why, count] : life.rounds)
        rounds[why] += static_cast<std::uint64_t>(count);
    for (const auto& [outcome, count] : life.outcomes)
        outcomes[outcome] += static_cast<std::uint64_t>(count);
    closest_packets = std::min(closest_packets, life.conduct.closest_packets);
    closest_questions = std::min(closest_questions, life.conduct.closest_questions);
    most_a_day = std::max(most_a_day, life.conduct.most_a_day);
    most_a_round = std::max(most_a_round, life.conduct.most_a_round);
    troubles += life.troubles.size();
    if (trouble.empty() && !life.troubles.empty()) trouble = life.troubles.front();
}

Load weigh(const World& world, const std::vector<PowerCut>& cuts, int packets_a_burst) {
    std::vector<bool> after(kMinutes);
    for (std::size_t minute = 0; minute < kMinutes; ++minute)
        after[minute] = is_after_cut(minute, cuts);
    const double lift = lift_of(world, after);
    Load load;
    if (lift > kMostAfterCut)
        load.excesses.push_back(fmt::format("all servers: {:.1f} times the mean in the hour after a power cut", lift));
    for (const auto& [address, server] : world.servers()) {
        const double mean = server.mean();
        if (mean == 0) continue;
        const double hour = mean_of(server, after, true);
        const double hour_by_chance = most_by_chance(std::min(lift, kMostAfterCut) * mean * 60, packets_a_burst);
        if (hour * 60 > std::max(kMostAfterCut * mean * 60, hour_by_chance))
            load.excesses.push_back(
                fmt::format("{}: {:.2f} packets a minute in the hour after a power cut; the mean is {:.2f}",
                            address.text(), hour, mean));
        const auto expected = expectations(server, after, mean, hour);
        for (const bool in_hour : {false, true}) {
            if (in_hour && hour == 0) continue;
            auto& part = in_hour ? load.after_cut : load.usual;
            const double by_rule = (in_hour ? kMostAfterCut : kMostUsually) * mean;
            const double due = in_hour ? std::min(hour, by_rule) : mean;
            const bool as_it_stands = by_rule >= most_by_chance(due, packets_a_burst);
            ++part.servers;
            part.as_it_stands += as_it_stands ? 1 : 0;
            for (const std::size_t width : {std::size_t{1}, kWideBin}) {
                const auto bins = look_at(server, after, in_hour, width, expected, by_rule, packets_a_burst);
                const auto& nearest = bins.nearest;
                if (width == 1) {
                    raise(part.highest, bins.fullest);
                    if (as_it_stands) raise(part.highest_as_it_stands, bins.fullest);
                    raise_nearest(part.nearest, nearest);
                }
                const double unit = mean * static_cast<double>(width);
                if (nearest.ratio > nearest.most)
                    load.excesses.push_back(fmt::format(
                        "{}: {:.0f} packets in {} min from minute {}, at most {:.0f}; the mean is {:.2f} a minute",
                        address.text(), nearest.ratio * unit, width, nearest.minute, nearest.most * unit, mean));
            }
        }
    }
    return load;
}

std::vector<std::string> broken_rules(const Sum& sum, const Load& load) {
    std::vector<std::string> broken = load.excesses;
    if (sum.closest_packets < std::chrono::seconds(2) - kRounding)
        broken.push_back(fmt::format("two packets to one address {:.3f} s apart", to_seconds(sum.closest_packets)));
    if (sum.closest_questions < std::chrono::hours(1) - kRounding)
        broken.push_back(fmt::format("two questions for one name {:.0f} s apart", to_seconds(sum.closest_questions)));
    if (sum.most_a_day > kRequestsADay)
        broken.push_back(fmt::format("{} packets to one address within a day", sum.most_a_day));
    if (sum.most_a_round > kPacketsARound) broken.push_back(fmt::format("{} packets in one round", sum.most_a_round));
    return broken;
}

}  // namespace ntpopt::fleet
