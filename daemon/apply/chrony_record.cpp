// Implementation of chrony_record.hpp. Directives are kept as their lines, which the parser of chrony's files reads
// back.
#include "daemon/apply/chrony_record.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {
namespace {

Result<ChronyDirective> parse_line(const std::string& line) {
    auto directives = parse_chrony_sources_file(line + "\n");
    if (!directives) return directives.error();
    if (directives->size() != 1) return Error{Errc::parse, "no source line: " + printable(line)};
    return directives->front();
}

Json lines_json(const std::vector<ChronyDirective>& directives) {
    Json lines = Json::array();
    for (const auto& directive : directives)
        lines.push_back(directive.text);
    return lines;
}

Json plan_json(const ChronyPlan& plan) {
    Json members = Json::array();
    for (const auto& member : plan.members)
        members.push_back({{"line", member.directive.text}, {"fresh", member.fresh}, {"withheld", member.withheld}});
    return {{"original", plan.original},
            {"members", std::move(members)},
            {"staying", plan.staying},
            {"going", plan.going},
            {"evicted", plan.evicted},
            {"removed", lines_json(plan.removed)},
            {"returning", lines_json(plan.returning)},
            {"staged", string_or_null(plan.staged_text)},
            {"settled", string_or_null(plan.settled_text)},
            {"final", string_or_null(plan.final_text)},
            {"staged_restore", string_or_null(plan.staged_restore_text)},
            {"final_restore", string_or_null(plan.final_restore_text)},
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
    for (auto [key, directives] : {std::pair{"removed", &plan.removed}, std::pair{"returning", &plan.returning}})
        for (const auto& line : get_strings(json, key)) {
            auto directive = parse_line(line);
            if (!directive) return directive.error();
            directives->push_back(std::move(*directive));
        }
    plan.staying = get_strings(json, "staying");
    plan.going = get_strings(json, "going");
    plan.evicted = get_strings(json, "evicted");
    plan.staged_text = get_optional_string(json, "staged");
    plan.settled_text = get_optional_string(json, "settled");
    plan.final_text = get_optional_string(json, "final");
    plan.staged_restore_text = get_optional_string(json, "staged_restore");
    plan.final_restore_text = get_optional_string(json, "final_restore");
    plan.min_sources = static_cast<int>(get_integer(json, "min_sources").value_or(1));
    return plan;
}

}  // namespace

bool is_our_text(const ChronyRecord& record, const FileText& text) {
    const auto& plan = record.plan;
    return text == record.our_before || text == plan.staged_text || text == plan.settled_text ||
           text == plan.final_text;
}

bool is_our_restore(const ChronyRecord& record, const FileText& text) {
    const auto& plan = record.plan;
    if (text == record.restore_before || text == plan.staged_restore_text || text == plan.final_restore_text)
        return true;
    if (!text || text == record.restore_stale) return true;
    const auto lines = parse_chrony_sources_file(*text);
    const auto before = parse_chrony_sources_file(record.restore_before.value_or(""));
    if (!lines || !before || render_chrony_restore(*lines) != text) return false;
    return std::all_of(lines->begin(), lines->end(), [&](const auto& line) {
        const auto is_among = [&](const std::vector<ChronyDirective>& known) {
            return std::find(known.begin(), known.end(), line) != known.end();
        };
        return is_among(*before) || is_among(plan.removed) || is_among(plan.returning);
    });
}

Json to_json(const ChronyRecord& record) {
    Json former = Json::array();
    for (const auto& item : record.former)
        former.push_back({{"name", item.name}, {"sources", item.sources}, {"addresses", item.addresses}});
    return {{"service", "chronyd"},
            {"instance", record.instance},
            {"unit", record.unit},
            {"invocation", record.invocation},
            {"chronyc", record.chronyc},
            {"our_path", record.our_path},
            {"restore_path", record.restore_path},
            {"config", record.config ? to_json(*record.config) : Json()},
            {"our_before", string_or_null(record.our_before)},
            {"restore_before", string_or_null(record.restore_before)},
            {"restore_stale", string_or_null(record.restore_stale)},
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
    if (const Json& config = get_object(json, "config"); !config.empty()) {
        auto file = parse_our_file(config);
        if (!file) return file.error();
        if (file->written.size() != 2) return Error{Errc::parse, "a change of chronyd's configuration has two texts"};
        record.config = std::move(*file);
    }
    if (get_string(json, "service") != "chronyd" || !record.our_path.starts_with('/') ||
        (!record.config && !record.restore_path.starts_with('/')))
        return Error{Errc::parse, "no record of a change of chronyd"};
    record.chronyc = get_strings(json, "chronyc");
    if (record.chronyc.empty()) return Error{Errc::parse, "the record of a change does not say how chronyc is called"};
    record.our_before = get_optional_string(json, "our_before");
    record.restore_before = get_optional_string(json, "restore_before");
    record.restore_stale = get_optional_string(json, "restore_stale");
    for (const auto& item : get_array(json, "former"))
        record.former.push_back({get_string(item, "name"),
                                 static_cast<std::size_t>(get_integer(item, "sources").value_or(1)),
                                 get_strings(item, "addresses")});
    record.reference_ids = get_strings(json, "reference_ids");
    record.reference_time_s = get_number(json, "reference_time_s").value_or(0);
    record.verify_timeout_s = get_number(json, "verify_timeout_s").value_or(0);
    record.fulfilled = get_bool(json, "fulfilled");
    auto plan = parse_plan(get_object(json, "plan"));
    if (!plan) return plan.error();
    record.plan = std::move(*plan);
    return record;
}

}  // namespace ntpopt
