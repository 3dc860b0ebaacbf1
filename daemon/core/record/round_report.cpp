// JSON of a round, key by key in the order that docs/interface.md shows.
#include "daemon/core/record/round_report.hpp"

namespace ntpopt {
namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json to_json(const ScoreParts& parts) {
    return Json{{"jitter", parts.jitter},
                {"reachability", parts.reachability},
                {"stratum", parts.stratum},
                {"latency", parts.latency},
                {"regional_bonus", parts.regional_bonus}};
}

Json to_json(const StageReport& stage) {
    return Json{
        {"stage", name_of(stage.stage)}, {"ok", stage.ok}, {"duration_s", stage.duration_s}, {"detail", stage.detail}};
}

}  // namespace

Json to_json(const RankedServer& server) {
    return Json{{"rank", or_null(server.rank)},
                {"name", server.name},
                {"address", server.address ? Json(server.address->text()) : Json(nullptr)},
                {"port", server.port},
                {"offset_ms", number_or_null(server.offset_ms)},
                {"raw_offset_ms", number_or_null(server.raw_offset_ms)},
                {"delay_ms", number_or_null(server.delay_ms)},
                {"jitter_ms", number_or_null(server.jitter_ms)},
                {"error_ms", number_or_null(server.error_ms)},
                {"stratum", or_null(server.stratum)},
                // A pool is not asked by its name; its members are.
                {"reachability", server.pool && !server.address ? Json(nullptr) : Json(server.reachability)},
                {"answered", number_or_null(server.answered)},
                {"score", number_or_null(server.score)},
                {"score_parts", server.score_parts ? to_json(*server.score_parts) : Json(nullptr)},
                {"region", server.region},
                {"timescale", name_of(server.timescale)},
                {"group", server.group},
                {"verdict", name_of(server.verdict)},
                {"reason", server.reason},
                {"pool", server.pool}};
}

Json to_json(const RoundReport& report) {
    Json servers = Json::array();
    for (const auto& server : report.servers)
        servers.push_back(to_json(server));
    Json stages = Json::array();
    for (const auto& stage : report.stages)
        stages.push_back(to_json(stage));
    Json document{{"run_id", report.run_id},
                  {"dry_run", report.dry_run},
                  {"timestamp", render_time(report.started)},
                  {"duration_s", report.duration_s},
                  {"region", report.region},
                  {"service", name_of(report.service)},
                  {"confidence", name_of(report.confidence)},
                  {"outcome", name_of(report.outcome)},
                  {"reason", report.reason},
                  {"selected", report.selected},
                  {"previous", report.previous},
                  {"servers", std::move(servers)},
                  {"stages", std::move(stages)},
                  {"diff", report.diff},
                  {"trigger", report.trigger},
                  {"transaction", report.transaction}};
    if (!report.plan.is_null()) document["plan"] = report.plan;
    if (!report.whole_diff.empty()) document["whole_diff"] = report.whole_diff;
    return document;
}

Json summary_json(const Json& round) {
    Json summary = round;
    if (!summary.is_object()) return summary;
    summary.erase("servers");
    summary.erase("plan");
    summary.erase("diff");
    summary.erase("whole_diff");
    return summary;
}

}  // namespace ntpopt
