// When two names of sources mean one source. Resolves nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ntpopt {

/// Names compare without case and final dot, addresses by value.
[[nodiscard]] bool same_source_name(std::string_view a, std::string_view b);

/// The names of all, in their order.
template <typename Named>
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Named>& all) {
    std::vector<std::string> names;
    for (const auto& one : all)
        names.push_back(one.name);
    return names;
}

}  // namespace ntpopt
