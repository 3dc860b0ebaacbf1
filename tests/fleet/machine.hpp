// One machine of the fleet: it lives the simulated days with the real engine, names' memory and discoverers, through
// restarts, crashes and power cuts.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/discover/catalogue.hpp"
#include "tests/fleet/ports.hpp"

namespace ntpopt::fleet {

struct PowerCut {
    Duration at{};  ///< since the beginning
    Duration lasts{};
};

/// What befalls a machine beside the power cuts, each by chance.
struct Hardships {
    double restarts = 3;            ///< of the daemon in the week, by its package or its administrator
    double crash_loops = 0.05;      ///< share of machines whose daemon crashes for a day, minutes after each start
    double crashing_rounds = 0.03;  ///< share whose daemon dies in each round of a day, at some packet
    double crashing_names = 0.03;   ///< share whose daemon dies in each round of a day, at some question to DNS
    double dead_services = 0.05;    ///< share whose NTP service finds no source for a day
    double laptops = 0.10;          ///< share that sleep and wake five times a day, and meet another network as often
    double hurried = 0.05;          ///< share whose administrator asks for four rounds in a row, twice
};

/// What all machines share.
struct Fleet {
    const Catalogue& catalogue;
    World& world;
    std::vector<PowerCut> cuts{};
    Hardships hardships{};
    std::uint64_t seed = 1;
};

/// What a machine did.
struct Life {
    Conduct conduct;
    int processes = 0;
    std::map<std::string, int> rounds{};    ///< that began, by what called for them
    std::map<std::string, int> outcomes{};  ///< of those that ended
    std::vector<std::string> troubles{};    ///< that the engine told
};

/// Lives the warm-up and the week of the machine with this number.
[[nodiscard]] Life live(const Fleet& fleet, std::uint64_t number);

}  // namespace ntpopt::fleet
