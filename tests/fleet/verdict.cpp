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

/// The fullest bin of so many minutes, among those that begin after a power cut or among all others.
std::pair<std::size_t, double> fullest_bin(const Server& server, const std::vector<bool>& after, bool in_hour,
                                           std::size_t width) {
    std::pair<std::size_t, double> fullest{0, 0};
    for (std::size_t first = 0; first + width <= kMinutes; first += width) {
        if (after[first] != in_hour) continue;
        const auto* begin = server.packets.data() + first;
        const double packets = std::accumulate(begin, begin + width, 0.0);
        if (packets > fullest.second) fullest = {first, packets};
    }
    return fullest;
}

/// Packets a minute in the hours after the power cuts; 0 where there were none.
double mean_of(const Server& server, const std::vector<bool>& after) {
    double packets = 0;
    double minutes = 0;
    for (std::size_t minute = 0; minute < kMinutes; ++minute) {
        if (!after[minute]) continue;
        packets += server.packets[minute];
        ++minutes;
    }
    return minutes == 0 ? 0 : packets / minutes;
}

void note(const Load::Worst& seen, bool as_it_stands, Load::Part& part) {
    const auto raise = [&](Load::Worst& worst) {
        if (seen.ratio > worst.ratio) worst = seen;
    };
    raise(part.highest);
    if (as_it_stands) raise(part.highest_as_it_stands);
    ++part.servers;
    part.as_it_stands += as_it_stands ? 1 : 0;
    if (part.nearest.most == 0 || seen.ratio * part.nearest.most > part.nearest.ratio * seen.most) part.nearest = seen;
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
    Load load;
    for (const auto& [address, server] : world.servers()) {
        const double mean = server.mean();
        if (mean == 0) continue;
        const double hour = mean_of(server, after);
        if (hour * 60 > std::max(kMostAfterCut * mean * 60, most_by_chance(mean * 60, packets_a_burst)))
            load.excesses.push_back(
                fmt::format("{}: {:.2f} packets a minute in the hour after a power cut; the mean is {:.2f}",
                            address.text(), hour, mean));
        for (const bool in_hour : {false, true}) {
            const double factor = in_hour ? kMostAfterCut : kMostUsually;
            const double expected = in_hour ? std::min(hour, factor * mean) : mean;
            for (const std::size_t width : {std::size_t{1}, kWideBin}) {
                const auto [fullest, packets] = fullest_bin(server, after, in_hour, width);
                const double minutes = static_cast<double>(width);
                const double by_rule = factor * mean * minutes;
                const double by_chance = most_by_chance(expected * minutes, packets_a_burst);
                const double most = std::max(by_rule, by_chance);
                if (width == 1 && packets > 0)
                    note({packets / mean, most / mean, mean, fullest}, by_rule >= by_chance,
                         in_hour ? load.after_cut : load.usual);
                if (packets <= most) continue;
                load.excesses.push_back(
                    fmt::format("{}: {} packets in {} min from minute {}, at most {:.0f}; the mean "
                                "is {:.2f} a minute",
                                address.text(), packets, width, fullest, most, mean));
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
