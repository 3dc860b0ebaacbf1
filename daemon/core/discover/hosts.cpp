// parse_hosts().
#include "daemon/core/discover/hosts.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {

HostsTable parse_hosts(std::string_view text) {
    HostsTable out;
    for (const auto line : lines(text)) {
        const auto fields = words(line.substr(0, line.find('#')));
        if (fields.size() < 2) continue;
        const auto address = Address::parse(fields.front());
        if (!address) continue;
        for (auto field = fields.begin() + 1; field != fields.end(); ++field) {
            const auto name = HostName::parse(*field);
            if (!name) continue;
            auto& addresses = out[name->text()];
            if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end())
                addresses.push_back(*address);
        }
    }
    return out;
}

}  // namespace ntpopt
