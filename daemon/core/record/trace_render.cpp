// Writing for trace.hpp. Numbers are written with as many digits as bring them back bit by bit.
#include <fmt/format.h>

#include "common/json.hpp"
#include "daemon/core/config/keys.hpp"
#include "daemon/core/record/selection_state.hpp"
#include "daemon/core/record/trace.hpp"
#include "daemon/core/select/pattern.hpp"

namespace ntpopt {
namespace {

/// Entries of a map of the memory in one line: some 300 kB at most, so that a line passes through any reader.
constexpr std::size_t kEntriesOfALine = 1000;

std::string dotted(std::uint32_t refid) {
    return fmt::format("{}.{}.{}.{}", refid >> 24, refid >> 16 & 255, refid >> 8 & 255, refid & 255);
}

Json render_samples(const Measurement& measurement) {
    auto out = Json::array();
    for (const auto& sample : measurement.samples)
        out.push_back(sample ? Json{{"offset_s", number_or_null(sample->offset_s)},
                                    {"delay_s", number_or_null(sample->delay_s)},
                                    {"t_s", sample->t_s}}
                             : Json(nullptr));
    return out;
}

void render_header(Json& out, const std::optional<ServerHeader>& header, bool sampled) {
    out["stratum"] = header ? Json(header->stratum) : Json(nullptr);
    out["leap"] = header ? Json(header->leap) : Json(nullptr);
    out["refid"] = header ? Json(dotted(header->refid)) : Json(nullptr);
    out["root_delay_s"] = header ? number_or_null(header->root_delay_s) : Json(nullptr);
    out["root_dispersion_s"] = header ? number_or_null(header->root_dispersion_s) : Json(nullptr);
    out["reference_age_s"] = header ? number_or_null(header->reference_age_s) : Json(nullptr);
    if (!header) return;
    if (header->reference_time != 0)
        out["reference_time"] =
            fmt::format("{:08x}.{:08x}", header->reference_time >> 32, header->reference_time & 0xffffffffU);
    if (header->precision_log2 != 0) out["precision_log2"] = header->precision_log2;
    if (!sampled) out["header"] = true;
}

Json render_candidate(const Observation& seen, const PatternList& trusted) {
    const auto& candidate = seen.candidate;
    const auto& measurement = seen.measurement;
    Json out{{"name", candidate.endpoint.host.text()},
             {"address", seen.address ? Json(seen.address->text()) : Json(nullptr)}};
    if (candidate.endpoint.port != kNtpPort) out["port"] = candidate.endpoint.port;
    out["operator"] = candidate.operator_name.empty() ? Json(nullptr) : Json(candidate.operator_name);
    if (candidate.pool) out["pool"] = candidate.endpoint.host.text();
    if (candidate.anycast) out["anycast"] = true;
    out["source"] = name_of(candidate.source);
    if (!candidate.region.empty()) out["region"] = candidate.region;
    out["regional"] = candidate.regional;
    out["timescale"] = name_of(candidate.timescale);
    out["trusted"] = trusted.matches(candidate.endpoint.host);
    render_header(out, measurement.header, measurement.received() > 0);
    out["kod"] = measurement.kiss.empty() ? Json(nullptr) : Json(measurement.kiss);
    out["samples"] = render_samples(measurement);
    if (const auto& spared = measurement.spared)
        out["spared"] = Json{{"requests", spared->requests},
                             {"samples", spared->samples},
                             {"deviation_s", number_or_null(spared->deviation_s)}};
    if (!seen.probed && seen.address) out["probed"] = false;
    if (!seen.asked) out["asked"] = false;
    if (!seen.failure.empty()) out["failure"] = seen.failure;
    if (measurement.refused != 0) out["refused"] = measurement.refused;
    if (!measurement.refusal.empty()) out["refusal"] = measurement.refusal;
    if (!measurement.failure.empty()) out["send_failure"] = measurement.failure;
    return out;
}

Json render_sources(const std::vector<CurrentSource>& sources) {
    auto out = Json::array();
    for (const auto& source : sources) {
        Json entry{{"name", source.endpoint.text()}, {"timescale", name_of(source.timescale)}};
        if (source.pool) entry["pool"] = true;
        out.push_back(std::move(entry));
    }
    return out;
}

template <typename Map>
void move_some(Map& from, Map& to) {
    while (!from.empty() && to.size() < kEntriesOfALine)
        to.insert(from.extract(from.begin()));
}

}  // namespace

std::string_view name_of(TraceEvent::Kind kind) {
    switch (kind) {
        case TraceEvent::Kind::rolled_back:
            return "rolled_back";
        case TraceEvent::Kind::not_applied:
            return "not_applied";
        case TraceEvent::Kind::forgotten:
            return "forgotten";
        case TraceEvent::Kind::blacklist:
            return "blacklist";
        case TraceEvent::Kind::unblacklist:
            return "unblacklist";
        case TraceEvent::Kind::left_out:
            return "left_out";
    }
    return "";
}

std::string render_trace_round(const std::vector<Observation>& observations, const SelectionConfig& config,
                               const DecisionContext& context, std::string_view decided) {
    const PatternList trusted(config.trusted);
    Json out{{"time_s", context.time_s}};
    if (context.synchronised) out["synchronised"] = true;
    if (!context.current.empty()) out["current"] = render_sources(context.current);
    if (!context.kept.empty()) out["kept"] = render_sources(context.kept);
    if (!context.pools) out["pools"] = false;
    if (!context.multi_source) out["multi_source"] = false;
    if (!context.ports) out["ports"] = false;
    if (context.serves_others) out["serves_others"] = true;
    if (context.leap_window) out["leap_window"] = true;
    for (const auto& address : context.own_addresses)
        out["own_addresses"].push_back(address.text());
    if (!decided.empty()) out["decided"] = decided;
    auto candidates = Json::array();
    for (const auto& seen : observations)
        candidates.push_back(render_candidate(seen, trusted));
    out["candidates"] = std::move(candidates);
    return render_json(out);
}

std::string render_trace_config(const SelectionConfig& config) {
    Config whole;
    whole.selection = config;
    auto keys = Json::object();
    for (const auto& key : config_keys())
        if (key.section == "selection") keys[key.name] = key.show(whole);
    return render_json(Json{{"config", std::move(keys)}});
}

std::vector<std::string> render_trace_state(const SelectionState& state) {
    auto rest = state;
    std::vector<std::string> out;
    do {
        SelectionState part;
        part.incumbents = std::exchange(rest.incumbents, {});
        part.proposed = std::exchange(rest.proposed, {});
        move_some(rest.servers, part.servers);
        move_some(rest.penalties, part.penalties);
        move_some(rest.pools, part.pools);
        out.push_back(render_json(Json{{out.empty() ? "state" : "more_state", to_json(part)}}));
    } while (rest != SelectionState{});
    return out;
}

std::string render_trace_event(const TraceEvent& event) {
    Json out{{"event", name_of(event.kind)}};
    if (event.time_s) out["time_s"] = *event.time_s;
    if (!event.server.empty()) out["server"] = event.server;
    if (event.until_s) out["until_s"] = *event.until_s;
    if (!event.servers.empty()) out["servers"] = event.servers;
    return render_json(out);
}

}  // namespace ntpopt
