// JSON to the values of service.hpp. The sender is the other process, which may have been taken over: every text is
// bounded and printable, every number in its range, every list of a sane length.
#include <algorithm>
#include <cmath>
#include <limits>

#include "common/text.hpp"
#include "common/time_text.hpp"
#include "daemon/core/evidence/chain.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxText = 300;
constexpr std::size_t kMaxReason = 2000;
constexpr std::size_t kMaxSources = 4096;
constexpr std::size_t kMaxKept = 1024;

Error malformed(std::string_view what) {
    return Error{Errc::invalid_argument, "malformed " + std::string(what)};
}

std::string bounded(const Json& object, std::string_view key, std::size_t limit = kMaxText) {
    return printable(get_string(object, key), limit);
}

/// The integer under the key, the fallback where there is none, or nothing where it is no integer or out of range.
std::optional<std::int64_t> integer(const Json& object, std::string_view key, std::int64_t fallback, std::int64_t low,
                                    std::int64_t high) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return fallback;
    const auto value = get_integer(object, key);
    if (!value || *value < low || *value > high) return std::nullopt;
    return value;
}

double finite(const Json& object, std::string_view key) {
    const auto value = get_number(object, key);
    return value && std::isfinite(*value) ? *value : 0;
}

std::vector<std::string> texts(const Json& object, std::string_view key) {
    std::vector<std::string> list;
    for (const auto& item : get_array(object, key)) {
        if (list.size() == kMaxSources) break;
        if (item.is_string()) list.push_back(printable(item.get_ref<const std::string&>(), kMaxReason));
    }
    return list;
}

std::uint64_t microseconds(const Json& object, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, get_integer(object, key).value_or(0)));
}

Result<std::optional<Address>> optional_address(const Json& object) {
    const std::string text = get_string(object, "address");
    if (text.empty()) return std::optional<Address>();
    auto address = Address::parse(text);
    if (!address) return address.error();
    return std::optional<Address>(*address);
}

/// A number of at least zero that a duration or a deviation can be.
std::optional<double> magnitude(const Json& json, std::string_view key) {
    constexpr double kMost = 1e10;
    const auto value = get_number(json, key);
    return value && *value >= 0 && *value <= kMost ? value : std::nullopt;
}

/// Only spares requests, so one that cannot be is none.
std::optional<SourceRecord> parse_record(const Json& json) {
    const auto deviation = magnitude(json, "deviation_s");
    const auto age = magnitude(json, "age_s");
    const auto samples = integer(json, "samples", 0, 0, kMaxRecordSamples);
    const auto runs = integer(json, "runs", 0, 0, kMaxRecordSamples);
    if (!deviation || !age || !samples || !runs) return std::nullopt;
    SourceRecord record;
    record.samples = static_cast<int>(*samples);
    record.runs = static_cast<int>(*runs);
    record.span_s = magnitude(json, "span_s");
    record.deviation_s = *deviation;
    record.estimate_s = get_number(json, "estimate_s");
    record.age_s = *age;
    return record;
}

Result<ServiceSource> parse_source(const Json& json) {
    if (!json.is_object()) return malformed("source");
    ServiceSource source;
    source.name = bounded(json, "name");
    auto address = optional_address(json);
    const auto port = integer(json, "port", kNtpPort, 1, 65535);
    const auto stratum = integer(json, "stratum", 0, 0, 255);
    const auto reach = integer(json, "reach", 0, 0, 255);
    if (source.name.empty() || !address || !port || !stratum || !reach) return malformed("source " + source.name);
    source.address = *address;
    source.port = static_cast<std::uint16_t>(*port);
    source.pool = get_bool(json, "pool");
    source.ours = get_bool(json, "ours");
    source.origin = bounded(json, "origin");
    source.state = bounded(json, "state");
    source.stratum = static_cast<int>(*stratum);
    source.reach = static_cast<int>(*reach);
    source.offset_s = get_number(json, "offset_s");
    source.record = parse_record(json);
    return source;
}

Result<KeptSet> parse_kept(const Json& json) {
    if (!json.is_object()) return malformed("kept configuration");
    KeptSet kept;
    const auto id = integer(json, "transaction", 0, 0, std::numeric_limits<std::int64_t>::max());
    if (!id) return malformed("kept configuration");
    kept.transaction = static_cast<std::uint64_t>(*id);
    if (const auto time = parse_time(get_string(json, "timestamp"))) kept.committed_usec = to_usec(*time);
    kept.selected = texts(json, "selected");
    kept.original = get_bool(json, "original");
    return kept;
}

ServiceCapabilities parse_capabilities(const Json& json) {
    ServiceCapabilities capabilities;
    capabilities.live_change = get_bool(json, "live_change");
    capabilities.make_before_break = get_bool(json, "make_before_break");
    capabilities.multi_source = get_bool(json, "multi_source");
    capabilities.ports = get_bool(json, "ports");
    capabilities.pools = get_bool(json, "pools");
    capabilities.min_sources = static_cast<int>(integer(json, "min_sources", 1, 1, 1000).value_or(1));
    return capabilities;
}

}  // namespace

Result<EvidenceMark> get_evidence(const Json& object) {
    const auto is_absent = [&](std::string_view key) {
        return !object.contains(key) || object[std::string(key)].is_null();
    };
    if (is_absent("evidence_seq") && is_absent("evidence_head")) return EvidenceMark{};
    const auto seq = integer(object, "evidence_seq", 0, 1, std::numeric_limits<std::int64_t>::max());
    if (!seq) return Error{Errc::invalid_argument, "evidence_seq is from 1 to 2^63-1"};
    return parse_evidence_mark(static_cast<std::uint64_t>(*seq), get_string(object, "evidence_head"));
}

Result<Choice> parse_choice(const Json& json) {
    if (!json.is_object()) return malformed("server");
    const std::string name = get_string(json, "name");
    auto endpoint = Endpoint::parse(name);
    if (!endpoint) return endpoint.error().in("server");
    Choice choice{*endpoint, std::nullopt, get_bool(json, "pool"), 0, Timescale::unknown, 0, 0};
    const auto port = integer(json, "port", choice.endpoint.port, 1, 65535);
    if (!port) return malformed("port of " + choice.endpoint.text());
    choice.endpoint.port = static_cast<std::uint16_t>(*port);
    auto address = optional_address(json);
    if (!address) return address.error().in(choice.endpoint.text());
    choice.address = *address;
    const Address* literal = choice.endpoint.host.address();
    if ((literal != nullptr && literal->is_unusable()) || (choice.address && choice.address->is_unusable()))
        return Error{Errc::invalid_argument, choice.endpoint.text() + " has an address that no server can have"};
    if (choice.pool && literal != nullptr)
        return Error{Errc::invalid_argument, "a pool needs a name, not " + choice.endpoint.text()};
    const auto members = integer(json, "maxsources", 0, 0, 16);
    if (!members) return malformed("maxsources of " + choice.endpoint.text());
    choice.maxsources = static_cast<int>(*members);
    if (get_bool(json, "nts"))
        return Error{Errc::refused, "NTS sources cannot be configured yet: " + choice.endpoint.text()};
    const std::string timescale = get_string(json, "timescale", "unknown");
    const auto word = parse_word<Timescale>(timescale);
    if (!word) return malformed("timescale of " + choice.endpoint.text());
    choice.timescale = *word;
    choice.offset_s = finite(json, "offset_s");
    choice.error_s = finite(json, "error_s");
    choice.bound_s = std::max(0.0, finite(json, "bound_s"));
    return choice;
}

Result<std::vector<Choice>> parse_choices(const Json& array) {
    if (!array.is_array()) return malformed("list of servers");
    if (array.size() > kMaxChoices)
        return Error{Errc::invalid_argument,
                     std::to_string(array.size()) + " servers, more than " + std::to_string(kMaxChoices)};
    std::vector<Choice> choices;
    for (const auto& item : array) {
        auto choice = parse_choice(item);
        if (!choice) return choice.error();
        for (const auto& other : choices)
            if (other.endpoint == choice->endpoint)
                return Error{Errc::invalid_argument, choice->endpoint.text() + " is named twice"};
        choices.push_back(std::move(*choice));
    }
    return choices;
}

Result<ServiceObservation> parse_observation(const Json& json) {
    if (!json.is_object()) return malformed("observation");
    ServiceObservation observation;
    const auto service = parse_word<Service>(get_string(json, "service"));
    if (!service) return malformed("service");
    observation.service = *service;
    observation.unit = bounded(json, "unit");
    observation.version = bounded(json, "version");
    observation.active = get_bool(json, "active");
    observation.config_path = bounded(json, "config_path", 4096);
    observation.instance = bounded(json, "instance");
    observation.invocation = bounded(json, "invocation");
    observation.main_pid = integer(json, "main_pid", 0, 0, INT32_MAX).value_or(0);
    for (const auto& item : get_array(json, "sources")) {
        if (observation.sources.size() == kMaxSources) return malformed("observation: too many sources");
        auto source = parse_source(item);
        if (!source) return source.error();
        observation.sources.push_back(std::move(*source));
    }
    for (const auto& item : get_array(json, "kept")) {
        if (observation.kept.size() == kMaxKept) return malformed("observation: too many kept configurations");
        auto kept = parse_kept(item);
        if (!kept) return kept.error();
        observation.kept.push_back(std::move(*kept));
    }
    observation.base_names = texts(json, "base_names");
    observation.synchronised = get_bool(json, "synchronised");
    observation.peer = bounded(json, "peer");
    observation.offset_s = finite(json, "offset_s");
    observation.root_delay_s = finite(json, "root_delay_s");
    observation.root_dispersion_s = finite(json, "root_dispersion_s");
    observation.reference_time_usec = microseconds(json, "reference_time_usec");
    const auto leap = integer(json, "leap", 3, 0, 3);
    if (!leap) return malformed("leap");
    observation.leap = static_cast<int>(*leap);
    observation.leap_source = bounded(json, "leap_source", 4096);
    observation.serves_others = get_bool(json, "serves_others");
    observation.drifted = get_bool(json, "drifted");
    observation.paused = get_bool(json, "paused");
    if (const auto left = integer(json, "changes_left", -1, 0, INT32_MAX).value_or(-1); left >= 0)
        observation.changes_left = static_cast<int>(left);
    observation.refusals = texts(json, "refusals");
    observation.conflict = get_bool(json, "conflict") && !observation.refusals.empty();
    observation.capabilities = parse_capabilities(get_object(json, "capabilities"));
    auto evidence = get_evidence(json);
    if (!evidence) return evidence.error();
    observation.evidence = *std::move(evidence);
    return observation;
}

Result<TransactionReport> parse_transaction(const Json& json) {
    if (!json.is_object()) return malformed("transaction");
    TransactionReport report;
    const auto id = integer(json, "transaction", -1, 0, std::numeric_limits<std::int64_t>::max());
    const auto state = parse_word<TransactionState>(get_string(json, "state"));
    if (!id || !state) return malformed("transaction");
    report.id = static_cast<std::uint64_t>(*id);
    report.state = *state;
    report.kind = bounded(json, "kind");
    report.reason = bounded(json, "reason", kMaxReason);
    report.peer = bounded(json, "peer");
    report.interrupted = get_bool(json, "interrupted");
    report.selected = texts(json, "selected");
    report.previous = texts(json, "previous");
    report.started_usec = microseconds(json, "started_usec");
    report.ended_usec = microseconds(json, "ended_usec");
    auto evidence = get_evidence(json);
    if (!evidence) return evidence.error();
    report.evidence = *std::move(evidence);
    return report;
}

}  // namespace ntpopt
