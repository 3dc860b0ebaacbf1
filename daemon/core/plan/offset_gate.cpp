// Implementation of offset_gate.hpp.
#include "daemon/core/plan/offset_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

/// An expected error is a standard deviation and more; three of them hold what honest servers do (three sigma).
constexpr double kErrors = 3;
/// Two honest servers may part by this much between two rounds without either figure saying so.
constexpr double kFloor_s = 0.005;

double margin_of(const Choice& choice) {
    return kErrors * std::abs(choice.error_s) + kFloor_s;
}

}  // namespace

Status check_offsets(const std::vector<Choice>& choices, double limit_s, bool synchronised) {
    std::vector<const Choice*> measured;
    for (const auto& choice : choices)
        if (choice.error_s > 0) measured.push_back(&choice);
    if (measured.empty()) return {};
    std::sort(measured.begin(), measured.end(), [](const auto* a, const auto* b) { return a->offset_s < b->offset_s; });
    const Choice& middle = *measured[measured.size() / 2];
    for (const auto* choice : measured) {
        const double gap = std::abs(choice->offset_s - middle.offset_s);
        if (gap > margin_of(*choice) + margin_of(middle))
            return Error{Errc::refused,
                         fmt::format("{} and {} are {:.3f} ms apart, more than their errors explain",
                                     choice->endpoint.text(), middle.endpoint.text(), gap * 1e3)};
    }
    const double offset = std::abs(middle.offset_s);
    if (synchronised && limit_s > 0 && offset > limit_s)
        return Error{Errc::refused,
                     fmt::format("the servers are {:.3f} ms away from the clock, which is synchronised: the service "
                                 "would step it (limit {:.0f} ms)",
                                 offset * 1e3, limit_s * 1e3)};
    return {};
}

}  // namespace ntpopt
