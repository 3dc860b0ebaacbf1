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
///
/// The rule is a factor: no minute above three times the server's mean of the week, ten times in the hour after a power
/// cut. Of a server that is asked once in ten minutes any minute with one burst breaks it, so a minute may also hold
/// what chance makes of what is due in it (most_by_chance()), whatever is more. Due is the mean of the day where that
/// is more than the week's, since what the fleet explores drifts while it learns, but never more than the factor. From
/// some ten bursts a minute on chance makes less than the factor, and the rule is held as it stands. In the hour after
/// a power cut the machines come back over a time that ntpoptd's start spreads them over: the hour of all servers is
/// held against ten times their mean, that of one server against ten times its mean or what chance makes of the lift
/// that all have, and each minute of it against that or what chance makes of the hour's own mean. Bins of ten minutes
/// are held in the same way: chance lifts them less, so they show a herd of few machines.
struct Load {
    struct Worst {
        double ratio = 0;  ///< fullest minute to the mean of the week
        double most = 0;   ///< the ratio that this server may reach
        double mean = 0;   ///< packets a minute, of that server
        std::size_t minute = 0;
    };
    struct Part {
        Worst highest;                 ///< of all servers
        Worst highest_as_it_stands;    ///< of the servers for which chance allows no more than the rule
        Worst nearest;                 ///< to what that server may reach
        std::size_t servers = 0;       ///< that were asked at all
        std::size_t as_it_stands = 0;  ///< of them: for which chance allows no more than the rule
    };
    Part usual;                           ///< outside the hours after power cuts
    Part after_cut;                       ///< in those hours
    std::vector<std::string> excesses{};  ///< in any width of bins
};

[[nodiscard]] Load weigh(const World& world, const std::vector<PowerCut>& cuts, int packets_a_burst);

/// What breaks a rule, in sentences; empty where nothing does.
[[nodiscard]] std::vector<std::string> broken_rules(const Sum& sum, const Load& load);

}  // namespace ntpopt::fleet
