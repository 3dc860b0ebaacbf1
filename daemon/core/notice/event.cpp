// Implementation of event.hpp.
#include "daemon/core/notice/event.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxText = 2000;
constexpr std::size_t kMaxServers = 32;

struct Row {
    Topic topic;
    std::string_view name;
    TopicRule rule;
};

/// A change or a roll-back is an event each time; a state that lasts is told again when it is to be feared that nobody
/// looks after it.
constexpr std::array<Row, 11> kTopics{{
    {Topic::selection_changed, "selection_changed", {Severity::info, 0h}},
    {Topic::rolled_back, "rolled_back", {Severity::error, 0h}},
    {Topic::degraded, "degraded", {Severity::critical, 0h}},
    {Topic::no_consensus, "no_consensus", {Severity::warning, 24h}},
    {Topic::no_usable_servers, "no_usable_servers", {Severity::error, 24h}},
    {Topic::service_conflict, "service_conflict", {Severity::error, 168h}},
    {Topic::incumbent_blacklisted, "incumbent_blacklisted", {Severity::warning, 24h}},
    {Topic::clock_error, "clock_error", {Severity::error, 6h}},
    {Topic::recovered, "recovered", {Severity::info, 0h}},
    {Topic::undeliverable, "undeliverable", {Severity::error, 24h}},
    {Topic::test, "test", {Severity::info, 0h}},
}};

constexpr std::array<std::string_view, 4> kSeverities{"info", "warning", "error", "critical"};

const Row& row_of(Topic topic) {
    return *std::find_if(kTopics.begin(), kTopics.end(), [topic](const Row& row) { return row.topic == topic; });
}

std::vector<std::string> clean(std::vector<std::string> names) {
    if (names.size() > kMaxServers) names.resize(kMaxServers);
    for (auto& name : names)
        name = printable(name);
    return names;
}

}  // namespace

std::string_view name_of(Topic topic) {
    return row_of(topic).name;
}
TopicRule rule_of(Topic topic) {
    return row_of(topic).rule;
}
std::string_view name_of(Severity severity) {
    return kSeverities[static_cast<std::size_t>(severity)];
}

std::optional<Topic> parse_topic(std::string_view text) {
    for (const auto& row : kTopics)
        if (row.name == text) return row.topic;
    return std::nullopt;
}

std::optional<Severity> parse_severity(std::string_view text) {
    const auto found = std::find(kSeverities.begin(), kSeverities.end(), text);
    if (found == kSeverities.end()) return std::nullopt;
    return static_cast<Severity>(found - kSeverities.begin());
}

Json to_json(const NoticeEvent& event) {
    return Json{{"key", event.key},
                {"topic", name_of(event.topic)},
                {"severity", name_of(event.severity)},
                {"time", render_time(event.time)},
                {"title", event.title},
                {"reason", event.reason},
                {"old", event.old_servers},
                {"new", event.new_servers},
                {"advice", event.advice},
                {"run_id", event.run_id},
                {"held_back", event.held_back}};
}

Result<NoticeEvent> parse_notice_event(const Json& json) {
    const auto topic = parse_topic(get_string(json, "topic"));
    const auto severity = parse_severity(get_string(json, "severity"));
    const auto time = parse_time(get_string(json, "time"));
    if (!topic || !severity || !time) return Error{Errc::parse, "no notice: topic, severity or time is missing"};
    const auto count = [&json](const char* key) {
        return static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(json, key).value_or(0), 0));
    };
    const auto text = [&json](const char* key) { return printable(get_string(json, key), kMaxText); };
    return NoticeEvent{text("key"),
                       *topic,
                       *severity,
                       *time,
                       text("title"),
                       text("reason"),
                       clean(get_strings(json, "old")),
                       clean(get_strings(json, "new")),
                       text("advice"),
                       count("run_id"),
                       count("held_back")};
}

}  // namespace ntpopt
