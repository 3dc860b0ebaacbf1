// When two names of sources mean one source. Resolves nothing.
#pragma once

#include <string_view>

namespace ntpopt {

/// Names compare without case and final dot, addresses by value.
[[nodiscard]] bool same_source_name(std::string_view a, std::string_view b);

}  // namespace ntpopt
