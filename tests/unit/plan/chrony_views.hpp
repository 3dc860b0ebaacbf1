// What chronyd may look like before a plan is made, for the tests of plans.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/plan/chrony_plan.hpp"

namespace ntpopt::test {

inline Choice choose(std::string_view endpoint, std::string_view address = "", bool pool = false, int members = 0) {
    std::optional<Address> resolved;
    if (!address.empty()) resolved = *Address::parse(address);
    return {*Endpoint::parse(endpoint), resolved, pool, members, Timescale::utc, 0, 0.001};
}

inline ChronySource listed(std::string_view name, std::string_view id, char state = '+') {
    ChronySource source;
    source.name = std::string(name);
    source.id = std::string(id);
    source.state = state;
    source.reach = state == '?' ? 0 : 0377;
    if (auto address = Address::parse(id)) source.address = *address;
    return source;
}

inline ChronyView view_of(std::string_view config, std::vector<ChronySource> sources) {
    ChronyView view;
    view.config = *parse_chrony_config(config);
    view.sources = std::move(sources);
    return view;
}

inline std::vector<std::string> names_of(const std::vector<ChronyDirective>& directives) {
    std::vector<std::string> names;
    for (const auto& directive : directives)
        names.push_back(directive.name);
    return names;
}

/// Debian's shape: a pool and a server, both synchronised, the pool with an unresolved member.
inline ChronyView debian() {
    return view_of("pool pool.test iburst\nserver base.test iburst minpoll 5\n",
                   {listed("pool.test", "10.0.0.1"), listed("pool.test", "10.0.0.2", '-'),
                    listed("pool.test", "ID#0000000003", '?'), listed("base.test", "10.0.0.9", '*')});
}

}  // namespace ntpopt::test
