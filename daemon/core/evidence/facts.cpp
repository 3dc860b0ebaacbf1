// Implementation of facts.hpp.
#include "daemon/core/evidence/facts.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

/// A service with hundreds of sources must not make an entry that cannot be written.
constexpr std::size_t kMaxNames = 24;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxReason = 2000;

/// Nanoseconds as a whole number; null where there is none that makes sense.
Json nanoseconds(double seconds) {
    constexpr double kMost_s = 9e9;
    if (!std::isfinite(seconds) || std::abs(seconds) > kMost_s) return nullptr;
    return static_cast<std::int64_t>(std::llround(seconds * 1e9));
}

Json names(const std::vector<std::string>& all) {
    Json list = Json::array();
    for (const auto& name : all)
        if (list.size() < kMaxNames) list.push_back(name.substr(0, kMaxName));
    return list;
}

EvidenceFact fact(const char* kind, Json body) {
    return {0, kind, std::move(body)};
}

}  // namespace

EvidenceFact configuration_fact(std::string_view why, const ConfigurationDigest& digest, std::string_view version) {
    Json files = Json::array();
    for (const auto& [path, hash] : digest.files)
        if (files.size() < kMaxNames) files.push_back({{"path", path.substr(0, kMaxName)}, {"sha256", hash}});
    return fact(
        evidence::kConfiguration,
        {{"why", why}, {"version", version}, {"settings_sha256", digest.settings}, {"files", std::move(files)}});
}

EvidenceFact operation_fact(const Operation& operation) {
    return fact(evidence::kOperation,
                {{"uid", static_cast<std::uint64_t>(operation.user)},
                 {"method", operation.method},
                 {"arguments", operation.arguments},
                 {"refused", operation.refusal.empty() ? Json() : Json(operation.refusal.substr(0, kMaxReason))},
                 {"run_id", operation.run_id}});
}

EvidenceFact requested_fact(std::string_view kind, Json details) {
    details["kind"] = kind;
    return fact(evidence::kRequested, std::move(details));
}

EvidenceFact changed_fact(const TransactionReport& report) {
    return fact(evidence::kChanged, {{"transaction", report.id},
                                     {"kind", report.kind},
                                     {"state", name_of(report.state)},
                                     {"selected", names(report.selected)},
                                     {"previous", names(report.previous)},
                                     {"peer", report.peer},
                                     {"reason", report.reason.substr(0, kMaxReason)}});
}

EvidenceFact failed_fact(std::string_view kind, const Error& error) {
    return fact(evidence::kChanged, {{"kind", kind},
                                     {"state", error.code == Errc::refused ? "refused" : "unknown"},
                                     {"reason", error.detail.substr(0, kMaxReason)}});
}

EvidenceFact sources_fact(std::string_view why, const ServiceObservation& observation) {
    const auto followed = followed_names(observation);
    std::vector<std::string> ours;
    for (const auto& source : observation.sources)
        if (source.ours && std::find(ours.begin(), ours.end(), source.name) == ours.end()) ours.push_back(source.name);
    std::sort(ours.begin(), ours.end());
    return fact(evidence::kSources, {{"why", why},
                                     {"service", name_of(observation.service)},
                                     {"unit", observation.unit},
                                     {"servers", names(followed)},
                                     {"ours", names(ours)},
                                     {"in_all", followed.size()}});
}

EvidenceFact clock_fact(const ServiceObservation& observation, Duration age, std::optional<double> bound_s) {
    const bool known = observation.synchronised;
    const auto figure = [&](double seconds) { return known ? nanoseconds(seconds) : Json(); };
    return fact(evidence::kClock,
                {{"service", name_of(observation.service)},
                 {"synchronised", observation.synchronised},
                 {"peer", observation.peer},
                 {"bound_ns", bound_s ? nanoseconds(*bound_s) : Json()},
                 {"offset_ns", figure(observation.offset_s)},
                 {"root_delay_ns", figure(observation.root_delay_s)},
                 {"root_dispersion_ns", figure(observation.root_dispersion_s)},
                 {"age_usec", static_cast<std::int64_t>(std::max(Duration{}, age) / std::chrono::microseconds(1))}});
}

EvidenceFact recovery_fact(const Json& round) {
    return fact(evidence::kRecovery, {{"run_id", get_integer(round, "run_id").value_or(0)},
                                      {"transaction", get_integer(round, "transaction").value_or(0)},
                                      {"outcome", get_string(round, "outcome")},
                                      {"reason", get_string(round, "reason").substr(0, kMaxReason)},
                                      {"selected", names(get_strings(round, "selected"))},
                                      {"previous", names(get_strings(round, "previous"))}});
}

EvidenceFact alarm_fact(const EvidenceFault& fault, const EvidenceMark& told) {
    return fact(evidence::kAlarm, {{"entry", fault.seq},
                                   {"what", fault.what},
                                   {"told_seq", told.seq},
                                   {"told_hash", told.seq == 0 ? Json() : Json(told.hash)}});
}

std::vector<std::string> followed_names(const ServiceObservation& observation) {
    std::vector<std::string> followed;
    for (const auto& source : observation.sources)
        followed.push_back(source.name);
    std::sort(followed.begin(), followed.end());
    followed.erase(std::unique(followed.begin(), followed.end()), followed.end());
    return followed;
}

}  // namespace ntpopt
