// Implementation of source_record.hpp.
#include "daemon/core/service/source_record.hpp"

#include <algorithm>
#include <cmath>

#include "daemon/core/service/service.hpp"

namespace ntpopt {
namespace {

constexpr int kAllEight = 0xff;    // RFC 5905 9.2: one bit a poll
constexpr int kLeastSamples = 4;   // below that neither chronyd nor ntpd has more than an opinion
constexpr double kFresh_s = 2048;  // two polls at the usual longest interval of 1024 s (RFC 5905 7.3)
constexpr double kMost_s = 1;      // more than MAXDIST is no deviation of a time server

/// The service's own tests hold it for a time source that can be followed.
bool is_followed(const ServiceSource& source) {
    return source.state == "selected" || source.state == "combined" || source.state == "candidate";
}

}  // namespace

std::optional<Spared> may_spare(const ServiceSource& source, const ProbeConfig& config) {
    if (!source.record || !source.address || source.origin == "refclock") return std::nullopt;
    const auto& record = *source.record;
    const int requests = config.samples - 1;
    const bool alive = is_followed(source) && source.reach == kAllEight && record.age_s <= kFresh_s;
    const bool longer = record.samples >= std::max(kLeastSamples, config.samples) &&
                        record.span_s.value_or(HUGE_VAL) >= requests * to_seconds(config.spacing);
    if (requests < 1 || !alive || !longer || !(record.deviation_s >= 0 && record.deviation_s < kMost_s))
        return std::nullopt;
    return Spared{requests, record.samples, record.deviation_s};
}

}  // namespace ntpopt
