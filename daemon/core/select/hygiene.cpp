// Implementation of hygiene.hpp, and the stage of the decision that applies it.
#include "daemon/core/select/hygiene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/text.hpp"
#include "daemon/core/measure/slope.hpp"
#include "daemon/core/select/pattern.hpp"
#include "daemon/core/select/timescale.hpp"

namespace ntpopt {
namespace {

constexpr double kMaxDistance_s = 1;  // RFC 5905 MAXDIST
constexpr double kMaxReferenceAge_s = 86400;

bool is_deny(std::string_view kiss) {
    return kiss == "DENY" || kiss == "RSTR";
}

/// 127.0.0.1 and the like as refid would mean any machine's loopback, so only what equals an address of ours is a loop.
bool follows_us(const ServerHeader& header, const std::vector<Address>& own) {
    if (header.stratum < 2) return false;
    return std::any_of(own.begin(), own.end(), [&](const Address& address) {
        const auto& o = address.octets();
        const auto bits = std::uint32_t{o[0]} << 24 | std::uint32_t{o[1]} << 16 | std::uint32_t{o[2]} << 8 | o[3];
        return address.is_v4() && bits == header.refid;
    });
}

std::optional<Fault> find_header_fault(const ServerHeader& header, const std::vector<Address>& own) {
    if (header.leap == 3) return Fault{Verdict::unsynchronised, "it says that it is not synchronised (leap 3)"};
    if (header.stratum < 1 || header.stratum > 15)
        return Fault{Verdict::unsynchronised,
                     fmt::format("it says that it is not synchronised (stratum {})", header.stratum)};
    for (const double number : {header.root_delay_s, header.root_dispersion_s, header.reference_age_s})
        if (!std::isfinite(number)) return Fault{Verdict::bad_reply, "its header has a number that is none"};
    if (header.root_delay_s < 0 || header.root_dispersion_s < 0)
        return Fault{Verdict::bad_reply, "its root delay or dispersion is negative"};
    if (follows_us(header, own)) return Fault{Verdict::loop, "it follows this machine"};
    if (header.reference_age_s < 0)
        return Fault{Verdict::stale,
                     fmt::format("it was last set {} in the future", ms_text(-header.reference_age_s * 1e3))};
    if (header.reference_age_s > kMaxReferenceAge_s)
        return Fault{Verdict::stale,
                     fmt::format("it was last set {:.1f} h ago, more than 24 h", header.reference_age_s / 3600)};
    return std::nullopt;
}

Fault silence(const Measurement& measurement) {
    if (!measurement.failure.empty()) return {Verdict::unreachable, printable(measurement.failure)};
    return {Verdict::unreachable, fmt::format("no answer to {} requests", measurement.sent())};
}

/// The origin of the table: the middle of the servers' first offsets, so that a local clock that is far off (or one
/// server that is) does not cost the others the digits in which they differ.
double middle_offset(const std::vector<Sighting>& sightings) {
    std::vector<double> offsets;
    for (const auto& sighting : sightings)
        for (const auto& sample : sighting.seen->measurement.samples) {
            if (!sample || !(std::abs(sample->offset_s) < 1e10)) continue;
            offsets.push_back(sample->offset_s);
            break;
        }
    if (offsets.empty()) return 0;
    const auto middle = offsets.begin() + static_cast<std::ptrdiff_t>(offsets.size() / 2);
    std::nth_element(offsets.begin(), middle, offsets.end());
    return *middle;
}

}  // namespace

bool is_refusal(const Measurement& measurement, bool incumbent) {
    if (is_deny(measurement.kiss)) return !incumbent || measurement.received() == 0;
    return measurement.kiss == "RATE";
}

std::optional<Fault> find_fault(const Observation& seen, const SelectionConfig& config,
                                const std::vector<Address>& own_addresses, bool incumbent) {
    const auto& measurement = seen.measurement;
    if (!seen.asked) return Fault{Verdict::not_probed, printable(seen.failure)};
    if (!seen.address) return Fault{Verdict::unresolved, seen.failure.empty() ? "no address" : printable(seen.failure)};
    if (!seen.probed)
        return Fault{Verdict::not_probed, seen.failure.empty() ? "not asked this round" : printable(seen.failure)};
    const bool answered = measurement.received() > 0;
    if (is_refusal(measurement, incumbent) || (!measurement.kiss.empty() && !answered))
        return Fault{Verdict::kiss_of_death,
                     fmt::format("it answered with kiss-o'-death {}", printable(measurement.kiss, 8))};
    if (measurement.header)
        if (auto fault = find_header_fault(*measurement.header, own_addresses)) return fault;
    if (!answered || !measurement.header) {
        if (measurement.refused > 0)
            return Fault{Verdict::bad_reply,
                         fmt::format("{} refused: {}",
                                     measurement.refused == 1 ? "an answer was"
                                                              : fmt::format("{} answers were", measurement.refused),
                                     printable(measurement.refusal))};
        return silence(measurement);
    }
    const auto& header = *measurement.header;
    double least = HUGE_VAL;
    for (const auto& sample : measurement.samples)
        if (sample && is_usable(*sample, header)) least = std::min(least, std::max(sample->delay_s, 0.0));
    if (!std::isfinite(least)) return Fault{Verdict::bad_reply, "no answer has an offset and a delay that can be"};
    const double distance = least / 2 + header.root_delay_s / 2 + header.root_dispersion_s;
    if (distance >= kMaxDistance_s)
        return Fault{Verdict::too_distant, fmt::format("root distance {}, not below {:.0f} ms", ms_text(distance * 1e3),
                                                       kMaxDistance_s * 1e3)};
    if (header.stratum > config.max_stratum)
        return Fault{Verdict::stratum_too_high,
                     fmt::format("stratum {}, more than {}", header.stratum, config.max_stratum)};
    return std::nullopt;
}

void judge_hygiene(Trial& trial) {
    const auto& config = trial.config;
    const double now_s = trial.context.time_s;
    const PatternList whitelist(config.whitelist);
    trial.base_s = middle_offset(trial.sightings);
    std::vector<const Measurement*> measurements;
    for (const auto& sighting : trial.sightings)
        measurements.push_back(&sighting.seen->measurement);
    const double slope = common_slope(measurements);
    trial.leap_window = trial.context.leap_window;
    for (auto& sighting : trial.sightings) {
        const auto& seen = *sighting.seen;
        const auto& endpoint = seen.candidate.endpoint;
        const auto& header = seen.measurement.header;
        const bool incumbent = trial.options[sighting.option].standing.has_value();
        auto fault = find_fault(seen, config, trial.context.own_addresses, incumbent);
        if (!fault || header) sighting.summary = summarise(seen.measurement, trial.base_s, slope);
        const auto bars = find_bars(trial.next, endpoint, seen.address, now_s);
        if (!whitelist.admits(endpoint.host))
            fault = Fault{Verdict::not_whitelisted, "no pattern of the whitelist matches it"};
        else if (bars.blacklisted && (bars.blacklisted->by_hand || !is_in_use(trial, sighting)))
            fault = Fault{Verdict::blacklisted,
                          fmt::format("{}, until {}",
                                      bars.blacklisted->by_hand
                                          ? "blacklisted by hand"
                                          : fmt::format("failed {} rounds in a row", bars.blacklisted->failures),
                                      until_text(bars.blacklisted->blacklisted_until_s))};
        else if (bars.banned)
            fault = Fault{Verdict::banned, fmt::format("it told us to go away (kiss-o'-death); left alone until {}",
                                                       until_text(bars.banned->banned_until_s))};
        else if (!fits_timescale(sighting.timescale, config.timescale, trial.leap_window))
            fault = wrong_timescale(sighting.timescale, config.timescale);
        else if (!fault && header && admits_smearing(*header) &&
                 !fits_timescale(Timescale::smear_24h, config.timescale, false))
            fault = Fault{Verdict::wrong_timescale, "it is smearing a leap second now (refid 254.x.y.z)"};
        sighting.fault = std::move(fault);
        sighting.votes = !sighting.fault && sighting.summary;
    }
}

}  // namespace ntpopt
