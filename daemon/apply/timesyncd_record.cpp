// Implementation of timesyncd_record.hpp.
#include "daemon/apply/timesyncd_record.hpp"

#include <algorithm>

namespace ntpopt {
namespace {

constexpr std::string_view kService = "timesyncd";

std::uint64_t parse_count(const Json& json, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, get_integer(json, key).value_or(0)));
}

Json plan_json(const TimesyncdPlan& plan) {
    Json measured = Json::array();
    for (const auto& item : plan.measured)
        measured.push_back({{"name", item.name}, {"offset_s", item.offset_s}, {"error_s", item.error_s}});
    return {{"original", plan.original}, {"servers", plan.servers},
            {"runtime", plan.runtime},   {"text", string_or_null(plan.text)},
            {"measured", measured},      {"was_synchronised", plan.was_synchronised}};
}

TimesyncdPlan parse_plan(const Json& json) {
    TimesyncdPlan plan;
    plan.original = get_bool(json, "original");
    plan.servers = get_strings(json, "servers");
    plan.runtime = get_strings(json, "runtime");
    plan.text = get_optional_string(json, "text");
    for (const auto& item : get_array(json, "measured"))
        plan.measured.push_back({get_string(item, "name"), get_number(item, "offset_s").value_or(0),
                                 get_number(item, "error_s").value_or(0)});
    plan.was_synchronised = get_bool(json, "was_synchronised");
    return plan;
}

}  // namespace

bool is_our_text(const TimesyncdRecord& record, const FileText& text) {
    return is_known(record.drop_in, text);
}

Json to_json(const TimesyncdRecord& record) {
    return {{"service", kService},
            {"instance", record.instance},
            {"unit", record.unit},
            {"invocation", record.invocation},
            {"live", record.live},
            {"drop_in", to_json(record.drop_in)},
            {"runtime_before", record.runtime_before},
            {"foreign_runtime", record.foreign_runtime},
            {"followed", record.followed},
            {"plan", plan_json(record.plan)},
            {"applied_usec", record.mark.applied_usec},
            {"packet_count", record.mark.packet_count},
            {"verify_timeout_s", record.verify_timeout_s},
            {"fulfilled", record.fulfilled}};
}

Result<TimesyncdRecord> parse_timesyncd_record(const Json& json) {
    if (get_string(json, "service") != kService)
        return Error{Errc::parse, "no record of a change of systemd-timesyncd"};
    TimesyncdRecord record;
    record.instance = get_string(json, "instance");
    record.unit = get_string(json, "unit");
    record.invocation = get_string(json, "invocation");
    record.live = get_bool(json, "live");
    auto drop_in = parse_our_file(get_object(json, "drop_in"));
    if (!drop_in) return drop_in.error();
    record.drop_in = std::move(*drop_in);
    record.runtime_before = get_strings(json, "runtime_before");
    record.foreign_runtime = get_strings(json, "foreign_runtime");
    record.followed = get_strings(json, "followed");
    record.plan = parse_plan(get_object(json, "plan"));
    record.mark.applied_usec = parse_count(json, "applied_usec");
    record.mark.packet_count = parse_count(json, "packet_count");
    record.verify_timeout_s = get_number(json, "verify_timeout_s").value_or(0);
    record.fulfilled = get_bool(json, "fulfilled");
    return record;
}

}  // namespace ntpopt
