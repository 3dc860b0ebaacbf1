// Holds what a whole fleet did against the rules for clients of the NTP Pool, as figures and as sentences.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/fleet/machine.hpp"

namespace ntpopt::fleet {

/// The sum of many lives.
struct Sum {
    std::size_t machines = 0;
    std::uint64_t processes = 0;
    std::uint64_t packets = 0;
    std::uint64_t questions = 0;
    std::map<std::string, std::uint64_t> rounds{};
    std::map<std::string, std::uint64_t> outcomes{};
    Duration closest_packets = Duration::max();
    Duration closest_questions = Duration::max();
    std::size_t most_a_day = 0;
    std::size_t most_a_round = 0;
    std::uint64_t troubles = 0;
    std::string trouble{};  ///< the first one

    void add(const Life& life);
};

/// How the packets of all servers lie in the minutes of the week.
struct Load {
    struct Worst {
        double ratio = 0;  ///< fullest minute to the mean of the week
        double mean = 0;   ///< packets a minute, of that server
        std::size_t minute = 0;
    };
    std::size_t busy_servers = 0;
    Worst usual;                          ///< of the busy servers, outside the hours after power cuts
    Worst after_cut;                      ///< of the busy servers, in those hours
    std::vector<std::string> excesses{};  ///< of any server, beyond what chance explains
};

/// `bursts` a minute make a server busy: of so many, chance alone lifts no minute to three times the mean.
inline constexpr double kBusyBursts = 12;

/// Servers that are not busy are also looked at in bins of so many minutes, which show a herd of few machines.
inline constexpr std::size_t kWideBin = 10;

[[nodiscard]] Load weigh(const World& world, const std::vector<PowerCut>& cuts, int packets_a_burst);

/// What breaks a rule, in sentences; empty where nothing does.
[[nodiscard]] std::vector<std::string> broken_rules(const Sum& sum, const Load& load);

}  // namespace ntpopt::fleet
