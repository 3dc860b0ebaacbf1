// Values of service.hpp to JSON. Keys are those of org.ntpopt1.Applier (docs/interface.md); what is not known is null.
#include "daemon/core/service/service.hpp"

#include "common/time_text.hpp"

namespace ntpopt {
namespace {

Json text_or_null(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

Json source_json(const ServiceSource& source) {
    Json out{{"name", source.name},
             {"address", source.address ? Json(source.address->text()) : Json()},
             {"port", source.port},
             {"pool", source.pool},
             {"ours", source.ours},
             {"origin", text_or_null(source.origin)},
             {"state", text_or_null(source.state)},
             {"stratum", source.stratum},
             {"reach", source.reach},
             {"offset_s", number_or_null(source.offset_s)}};
    if (const auto& record = source.record) {
        if (record->samples > 0) out["samples"] = record->samples;
        if (record->runs > 0) out["runs"] = record->runs;
        out["span_s"] = number_or_null(record->span_s);
        out["deviation_s"] = number_or_null(record->deviation_s);
        out["estimate_s"] = number_or_null(record->estimate_s);
        out["age_s"] = number_or_null(record->age_s);
    }
    return out;
}

Json capabilities_json(const ServiceCapabilities& capabilities) {
    return {{"live_change", capabilities.live_change},
            {"make_before_break", capabilities.make_before_break},
            {"multi_source", capabilities.multi_source},
            {"ports", capabilities.ports},
            {"pools", capabilities.pools},
            {"min_sources", capabilities.min_sources}};
}

}  // namespace

Json to_json(const Choice& choice) {
    return {{"name", choice.endpoint.host.text()},
            {"port", choice.endpoint.port},
            {"address", choice.address ? Json(choice.address->text()) : Json()},
            {"pool", choice.pool},
            {"maxsources", choice.pool && choice.maxsources > 0 ? Json(choice.maxsources) : Json()},
            {"timescale", name_of(choice.timescale)},
            {"offset_s", number_or_null(choice.offset_s)},
            {"error_s", number_or_null(choice.error_s)},
            {"bound_s", choice.bound_s > 0 ? number_or_null(choice.bound_s) : Json()}};
}

Json to_json(const KeptSet& kept) {
    return {{"transaction", kept.transaction},
            {"timestamp", kept.committed_usec > 0 ? Json(render_time(from_usec(kept.committed_usec))) : Json()},
            {"selected", kept.selected},
            {"original", kept.original}};
}

Json to_json(const ServiceObservation& observation) {
    Json sources = Json::array();
    for (const auto& source : observation.sources)
        sources.push_back(source_json(source));
    Json kept = Json::array();
    for (const auto& set : observation.kept)
        kept.push_back(to_json(set));
    Json json{{"service", name_of(observation.service)},
              {"unit", text_or_null(observation.unit)},
              {"version", text_or_null(observation.version)},
              {"active", observation.active},
              {"config_path", text_or_null(observation.config_path)},
              {"instance", text_or_null(observation.instance)},
              {"invocation", text_or_null(observation.invocation)},
              {"main_pid", observation.main_pid},
              {"sources", std::move(sources)},
              {"base_names", observation.base_names},
              {"synchronised", observation.synchronised},
              {"peer", text_or_null(observation.peer)},
              {"offset_s", number_or_null(observation.offset_s)},
              {"root_delay_s", number_or_null(observation.root_delay_s)},
              {"root_dispersion_s", number_or_null(observation.root_dispersion_s)},
              {"reference_time_usec", observation.reference_time_usec},
              {"leap", observation.leap},
              {"leap_source", text_or_null(observation.leap_source)},
              {"serves_others", observation.serves_others},
              {"drifted", observation.drifted},
              {"paused", observation.paused},
              {"changes_left", observation.changes_left ? Json(*observation.changes_left) : Json(nullptr)},
              {"refusals", observation.refusals},
              {"conflict", observation.conflict},
              {"capabilities", capabilities_json(observation.capabilities)},
              {"kept", std::move(kept)}};
    put_evidence(json, observation.evidence);
    return json;
}

Json to_json(const TransactionReport& report) {
    Json json{{"transaction", report.id},
              {"state", name_of(report.state)},
              {"kind", report.kind},
              {"reason", text_or_null(report.reason)},
              {"peer", text_or_null(report.peer)},
              {"interrupted", report.interrupted},
              {"selected", report.selected},
              {"previous", report.previous},
              {"started_usec", report.started_usec},
              {"ended_usec", report.ended_usec}};
    put_evidence(json, report.evidence);
    return json;
}

void put_evidence(Json& object, const EvidenceMark& mark) {
    object["evidence_seq"] = mark.seq == 0 ? Json() : Json(mark.seq);
    object["evidence_head"] = mark.seq == 0 ? Json() : Json(mark.hash);
}

}  // namespace ntpopt
