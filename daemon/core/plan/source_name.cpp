// Implementation of source_name.hpp.
#include "daemon/core/plan/source_name.hpp"

#include "common/host.hpp"
#include "common/text.hpp"

namespace ntpopt {

bool same_source_name(std::string_view a, std::string_view b) {
    const auto left = Host::parse(a);
    const auto right = Host::parse(b);
    if (left && right) return *left == *right;
    return to_lower(a) == to_lower(b);
}

}  // namespace ntpopt
