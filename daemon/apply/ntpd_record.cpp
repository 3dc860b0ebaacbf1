// Implementation of ntpd_record.hpp.
#include "daemon/apply/ntpd_record.hpp"

#include <algorithm>
#include <cmath>

namespace ntpopt {
namespace {

constexpr std::string_view kClassicWord = "classic";
constexpr std::string_view kNtpsecWord = "ntpsec";

Json members_json(const std::vector<NtpdMember>& members) {
    Json array = Json::array();
    for (const auto& member : members)
        array.push_back({{"name", member.name}, {"pool", member.pool}, {"expected", member.expected}});
    return array;
}

std::vector<NtpdMember> parse_members(const Json& json, std::string_view key) {
    std::vector<NtpdMember> members;
    for (const auto& item : get_array(json, key))
        members.push_back(
            {get_string(item, "name"), get_bool(item, "pool"),
             static_cast<int>(std::clamp<std::int64_t>(get_integer(item, "expected").value_or(1), 1, 16))});
    return members;
}

Json plan_json(const NtpdPlan& plan) {
    return {{"original", plan.original},
            {"flavour", plan.flavour == NtpdFlavour::classic ? kClassicWord : kNtpsecWord},
            {"members", members_json(plan.members)},
            {"former", members_json(plan.former)},
            {"staying", members_json(plan.staying)},
            {"removed", plan.removed},
            {"ours", plan.ours ? Json(*plan.ours) : Json()},
            {"min_sane", plan.min_sane},
            {"step_limit_s", plan.step_limit_s},
            {"was_synchronised", plan.was_synchronised}};
}

NtpdPlan parse_plan(const Json& json) {
    NtpdPlan plan;
    plan.original = get_bool(json, "original");
    plan.flavour = get_string(json, "flavour") == kClassicWord ? NtpdFlavour::classic : NtpdFlavour::ntpsec;
    plan.members = parse_members(json, "members");
    plan.former = parse_members(json, "former");
    plan.staying = parse_members(json, "staying");
    for (const auto& item : get_array(json, "removed"))
        if (item.is_string()) plan.removed.push_back(item.get<std::string>());
    if (const auto ours = json.find("ours"); ours != json.end() && ours->is_string())
        plan.ours = ours->get<std::string>();
    plan.min_sane = static_cast<int>(std::clamp<std::int64_t>(get_integer(json, "min_sane").value_or(1), 1, 1000));
    plan.step_limit_s = std::max(0.0, get_number(json, "step_limit_s").value_or(kNtpdStep_s));
    plan.was_synchronised = get_bool(json, "was_synchronised");
    return plan;
}

}  // namespace

bool is_our_text(const NtpdRecord& record, const FileText& text) {
    return text == record.plan.ours || std::any_of(record.files.begin(), record.files.end(), [&](const auto& file) {
               return file.path == record.our_path && is_known(file, text);
           });
}

Json to_json(const NtpdRecord& record) {
    Json files = Json::array();
    for (const auto& file : record.files)
        files.push_back(to_json(file));
    return {{"service", "ntpd"},
            {"instance", record.instance},
            {"restarted", record.restarted},
            {"unit", record.unit},
            {"invocation", record.invocation},
            {"files", std::move(files)},
            {"our_path", record.our_path},
            {"marked", record.marked},
            {"applied_at_s", record.applied_at_s},
            {"verify_timeout_s", record.verify_timeout_s},
            {"fulfilled", record.fulfilled},
            {"plan", plan_json(record.plan)}};
}

Result<NtpdRecord> parse_ntpd_record(const Json& json) {
    NtpdRecord record;
    record.instance = get_string(json, "instance");
    record.unit = get_string(json, "unit");
    if (get_string(json, "service") != "ntpd" || record.unit.empty())
        return Error{Errc::parse, "no record of a change of ntpd"};
    record.restarted = get_string(json, "restarted");
    record.invocation = get_string(json, "invocation");
    for (const auto& item : get_array(json, "files")) {
        auto file = parse_our_file(item);
        if (!file) return file.error();
        if (file->written.size() != 1) return Error{Errc::parse, file->path + " has no single text in the journal"};
        record.files.push_back(std::move(*file));
    }
    record.our_path = get_string(json, "our_path");
    for (const auto& item : get_array(json, "marked")) {
        if (!item.is_string() || !item.get<std::string>().starts_with('/'))
            return Error{Errc::parse, "a marked file of ntpd has no path"};
        record.marked.push_back(item.get<std::string>());
    }
    record.applied_at_s = get_number(json, "applied_at_s").value_or(0);
    record.verify_timeout_s = get_number(json, "verify_timeout_s").value_or(0);
    record.fulfilled = get_bool(json, "fulfilled");
    record.plan = parse_plan(get_object(json, "plan"));
    return record;
}

}  // namespace ntpopt
