// Random worlds for properties: any mixture of honest servers, liars, clones, pools and broken ones, from a seed.
#pragma once

#include <algorithm>
#include <map>
#include <random>

#include "tests/unit/select/world.hpp"

namespace ntpopt::world {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    int roll(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    double draw(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
    bool chance(double share) { return draw(0, 1) < share; }
    std::mt19937_64& engine() { return random_; }

  private:
    std::mt19937_64 random_;
};

/// One server of any kind. Few networks and operators, so that clones happen.
inline Server random_server(Dice& dice) {
    Server out;
    const int network = dice.roll(1, 14);
    const int host = dice.roll(1, 3);
    out.name = dice.chance(0.15) ? fmt::format("127.3.{}.{}", network, host)
                                 : fmt::format("s{}.op{}.test", dice.roll(1, 3), dice.roll(1, 12));
    out.address =
        dice.chance(0.15) ? fmt::format("2001:db8:{}::{}", network, host) : fmt::format("127.3.{}.{}", network, host);
    if (dice.chance(0.15)) {
        out.pool = true;
        out.name = fmt::format("p{}.pool.test", dice.roll(1, 2));
    }
    out.offset_ms = dice.chance(0.2) ? dice.draw(-500, 500) : dice.draw(-0.5, 0.5);
    out.delay_ms = dice.chance(0.3) ? dice.draw(20, 250) : dice.draw(0, 20);
    out.jitter_ms = dice.chance(0.2) ? dice.draw(0, 30) : dice.draw(0, 1);
    out.stratum = dice.chance(0.1) ? dice.roll(0, 16) : dice.roll(1, 3);
    out.sent = dice.roll(1, 4);
    out.answers = dice.chance(0.2) ? dice.roll(0, out.sent) : out.sent;
    out.leap = dice.chance(0.03) ? 3 : 0;
    if (dice.chance(0.04)) out.kiss = dice.chance(0.5) ? "RATE" : "DENY";
    out.bad = dice.chance(0.03);
    out.regional = dice.chance(0.3);
    out.operator_name = dice.chance(0.2) ? fmt::format("Operator {}", dice.roll(1, 6)) : "";
    out.timescale = dice.chance(0.7) ? Timescale::utc : static_cast<Timescale>(dice.roll(0, 3));
    if (dice.chance(0.2)) out.refid = 0xc0000200U + static_cast<std::uint32_t>(dice.roll(0, 3));
    out.root_delay_ms = dice.draw(0, 30);
    out.root_dispersion_ms = dice.chance(0.1) ? dice.draw(0, 1200) : dice.draw(0, 10);
    if (dice.chance(0.1)) out.reference_time = static_cast<std::uint64_t>(dice.roll(1, 2));
    out.probed = !dice.chance(0.03);
    if (dice.chance(0.02)) out.address.clear();
    return out;
}

inline std::vector<Server> random_servers(Dice& dice, int most) {
    // One address of one name is one candidate, whoever named it: discovery merges them.
    std::map<std::pair<std::string, std::string>, Server> unique;
    const int count = dice.roll(0, most);
    for (int i = 0; i < count; ++i) {
        auto server = random_server(dice);
        unique.emplace(std::pair(server.name, server.address), std::move(server));
    }
    std::vector<Server> out;
    for (auto& [key, server] : unique)
        out.push_back(std::move(server));
    std::shuffle(out.begin(), out.end(), dice.engine());
    return out;
}

inline SelectionConfig random_config(Dice& dice) {
    SelectionConfig out;
    out.sources = dice.roll(1, 8);
    out.rank_by = dice.chance(0.2) ? RankBy::error : RankBy::score;
    out.timescale = dice.chance(0.1) ? Timescale::smear_24h : Timescale::utc;
    out.hysteresis = dice.chance(0.5) ? 0.15 : 0.01;
    if (dice.chance(0.1)) out.trusted = {"*.op1.test"};
    if (dice.chance(0.1)) out.whitelist = {"*.op1.test", "*.op2.test", "*.op3.test", "127.3.0.0/16"};
    return out;
}

inline std::vector<CurrentSource> random_current(Dice& dice) {
    std::vector<CurrentSource> out;
    const int count = dice.roll(0, 4);
    for (int i = 0; i < count; ++i) {
        const auto server = random_server(dice);
        out.push_back({*Endpoint::parse(server.name), server.pool, server.timescale});
    }
    return out;
}

}  // namespace ntpopt::world
