// What is worth telling somebody, as a value: it goes into the outbox, from there into mails and messages, and is the
// document that a webhook or a command gets. policy.hpp decides what becomes one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.hpp"
#include "common/time_text.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt {

enum class Topic {
    selection_changed,
    rolled_back,
    degraded,  ///< the roll-back itself failed
    no_consensus,
    no_usable_servers,
    service_conflict,
    incumbent_blacklisted,
    clock_error,
    recovered,
    undeliverable,  ///< notices by another channel
    test,
};

[[nodiscard]] std::string_view name_of(Topic topic);
[[nodiscard]] std::string_view name_of(Severity severity);
[[nodiscard]] std::optional<Topic> parse_topic(std::string_view text);
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

/// How much each matters, and for how long the same is not told again (zero: each is an event of its own).
struct TopicRule {
    Severity severity = Severity::info;
    Duration cool_down{};
};
[[nodiscard]] TopicRule rule_of(Topic topic);

/// Texts are printable ASCII: names of servers and reasons come from outside.
struct NoticeEvent {
    std::string key{};  ///< the same for the same event, also after a restart
    Topic topic = Topic::test;
    Severity severity = Severity::info;
    RealTime time{};
    std::string title{};   ///< one line
    std::string reason{};  ///< one or more sentences
    std::vector<std::string> old_servers{};
    std::vector<std::string> new_servers{};
    std::string advice{};         ///< what to do; empty: nothing
    std::uint64_t run_id = 0;     ///< 0: no round's
    std::uint64_t held_back = 0;  ///< how many of the same kind its cool-down kept back since the last

    friend bool operator==(const NoticeEvent&, const NoticeEvent&) = default;
};

[[nodiscard]] Json to_json(const NoticeEvent& event);
[[nodiscard]] Result<NoticeEvent> parse_notice_event(const Json& json);

}  // namespace ntpopt
