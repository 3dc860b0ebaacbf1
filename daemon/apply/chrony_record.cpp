// Implementation of chrony_record.hpp. Directives are kept as their lines, which the parser of chrony's files reads
// back.
#include "daemon/apply/chrony_record.hpp"

#include "common/text.hpp"

namespace ntpopt {
namespace {

Json optional_text(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json();
}

std::optional<std::string> parse_optional_text(const Json& json, std::string_view key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

std::vector<std::string> parse_texts(const Json& json, std::string_view key) {
    std::vector<std::string> texts;
    for (const auto& item : get_array(json, key))
        if (item.is_string()) texts.push_back(item.get<std::string>());
    return texts;
}

Result<ChronyDirective> parse_line(const std::string& line) {
    auto directives = parse_chrony_sources_file(line + "\n");
    if (!directives) return directives.error();
    if (directives->size() != 1) return Error{Errc::parse, "no source line: " + printable(line)};
    return directives->front();
}

Json plan_json(const ChronyPlan& plan) {
    Json members = Json::array();
    for (const auto& member : plan.members)
        members.push_back({{"line", member.directive.text}, {"fresh", member.fresh}, {"withheld", member.withheld}});
    Json removed = Json::array();
    for (const auto& directive : plan.removed)
        removed.push_back(directive.text);
    return {{"original", plan.original},
            {"members", std::move(members)},
            {"staying", plan.staying},
            {"evicted", plan.evicted},
            {"removed", std::move(removed)},
            {"staged", optional_text(plan.staged_text)},
            {"settled", optional_text(plan.settled_text)},
            {"final", optional_text(plan.final_text)},
            {"staged_restore", optional_text(plan.staged_restore_text)},
            {"final_restore", optional_text(plan.final_restore_text)},
            {"min_sources", plan.min_sources}};
}

Result<ChronyPlan> parse_plan(const Json& json) {
    ChronyPlan plan;
    plan.original = get_bool(json, "original");
    for (const auto& item : get_array(json, "members")) {
        auto directive = parse_line(get_string(item, "line"));
        if (!directive) return directive.error();
        plan.members.push_back({std::move(*directive), get_bool(item, "fresh"), get_bool(item, "withheld")});
    }
    for (const auto& line : parse_texts(json, "removed")) {
        auto directive = parse_line(line);
        if (!directive) return directive.error();
        plan.removed.push_back(std::move(*directive));
    }
    plan.staying = parse_texts(json, "staying");
    plan.evicted = parse_texts(json, "evicted");
    plan.staged_text = parse_optional_text(json, "staged");
    plan.settled_text = parse_optional_text(json, "settled");
    plan.final_text = parse_optional_text(json, "final");
    plan.staged_restore_text = parse_optional_text(json, "staged_restore");
    plan.final_restore_text = parse_optional_text(json, "final_restore");
    plan.min_sources = static_cast<int>(get_integer(json, "min_sources").value_or(1));
    return plan;
}

}  // namespace

Json to_json(const ChronyRecord& record) {
    Json former = Json::array();
    for (const auto& item : record.former)
        former.push_back({{"name", item.name}, {"sources", item.sources}});
    return {{"service", "chronyd"},
            {"instance", record.instance},
            {"unit", record.unit},
            {"invocation", record.invocation},
            {"chronyc", record.chronyc},
            {"our_path", record.our_path},
            {"restore_path", record.restore_path},
            {"our_before", optional_text(record.our_before)},
            {"restore_before", optional_text(record.restore_before)},
            {"former", std::move(former)},
            {"reference_ids", record.reference_ids},
            {"reference_time_s", record.reference_time_s},
            {"verify_timeout_s", record.verify_timeout_s},
            {"fulfilled", record.fulfilled},
            {"plan", plan_json(record.plan)}};
}

Result<ChronyRecord> parse_chrony_record(const Json& json) {
    ChronyRecord record;
    record.instance = get_string(json, "instance");
    record.unit = get_string(json, "unit");
    record.invocation = get_string(json, "invocation");
    record.our_path = get_string(json, "our_path");
    record.restore_path = get_string(json, "restore_path");
    if (get_string(json, "service") != "chronyd" || !record.our_path.starts_with('/') ||
        !record.restore_path.starts_with('/'))
        return Error{Errc::parse, "no record of a change of chronyd"};
    record.chronyc = parse_texts(json, "chronyc");
    if (record.chronyc.empty()) return Error{Errc::parse, "the record of a change does not say how chronyc is called"};
    record.our_before = parse_optional_text(json, "our_before");
    record.restore_before = parse_optional_text(json, "restore_before");
    for (const auto& item : get_array(json, "former"))
        record.former.push_back(
            {get_string(item, "name"), static_cast<std::size_t>(get_integer(item, "sources").value_or(1))});
    record.reference_ids = parse_texts(json, "reference_ids");
    record.reference_time_s = get_number(json, "reference_time_s").value_or(0);
    record.verify_timeout_s = get_number(json, "verify_timeout_s").value_or(0);
    record.fulfilled = get_bool(json, "fulfilled");
    auto plan = parse_plan(get_object(json, "plan"));
    if (!plan) return plan.error();
    record.plan = std::move(*plan);
    return record;
}

}  // namespace ntpopt
