// What both processes ask of a list of choices.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/select/decision.hpp"

namespace ntpopt {

/// The names as they are configured, in the same order; a port shows only where it is not 123.
[[nodiscard]] inline std::vector<std::string> names_of(const std::vector<Choice>& choices) {
    std::vector<std::string> names;
    for (const auto& choice : choices)
        names.push_back(choice.endpoint.text());
    return names;
}

}  // namespace ntpopt
