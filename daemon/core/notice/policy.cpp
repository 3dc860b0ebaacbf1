// Implementation of policy.hpp.
#include "daemon/core/notice/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeys = 256;
constexpr std::size_t kSubjects = 128;
constexpr std::size_t kMaxReason = 1000;
/// A service that was restarted, or a machine that has just booted, follows nobody for a while.
constexpr Duration kMayFollowNobody = 30min;
/// A service that has just started knows its clock badly for some polls; chronyd's first bound is over a second.
constexpr Duration kMayBeOver = 2min;
/// The bound saws between polls: it is over the limit until it is clearly below.
constexpr double kClearlyBelow = 0.8;
/// What comes and goes is told once an hour.
constexpr Duration kNewsAgain = 1h;

std::string name_with(Topic topic, std::string_view subject) {
    return fmt::format("{}|{}", name_of(topic), subject);
}

RealTime time_of(const Json& json, const char* key) {
    const auto time = parse_time(get_string(json, key));
    return time ? *time : RealTime{};
}

std::vector<std::string> names_in(const Json& report, const char* key) {
    auto names = get_strings(report, key);
    for (auto& name : names)
        name = printable(name);
    return names;
}

/// What the round wanted: a round that was undone names the former servers as its selection.
std::vector<std::string> wanted_by(const Json& report) {
    std::vector<std::string> names;
    for (const auto& server : get_array(report, "servers"))
        if (get_string(server, "verdict") == name_of(Verdict::chosen))
            names.push_back(printable(get_string(server, "name")));
    return names;
}

std::string lasted(Duration time) {
    return render_duration(std::max(std::chrono::floor<std::chrono::minutes>(time), std::chrono::minutes(1)));
}

template <typename Map>
void keep_small(Map& map) {
    while (map.size() > kSubjects)
        map.erase(map.begin());
}

constexpr const char* kLookAtOnce =
    "Look at once: `ntpoptctl status` and `journalctl -u ntpopt-apply` say what state the NTP service is in; "
    "`ntpoptctl rollback --original` gives it back its own configuration.";
constexpr const char* kLook = "See what the last round found with `ntpoptctl explain` and `ntpoptctl servers`.";

}  // namespace

NoticePolicy::NoticePolicy(const NotifyConfig& config, const Json& remembered) : config_(config) {
    last_run_ = static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(remembered, "last_run").value_or(0), 0));
    selected_ = get_strings(remembered, "selected");
    for (auto& key : get_strings(remembered, "keys"))
        keys_.push_back(std::move(key));
    for (const auto& [name, value] : get_object(remembered, "told").items())
        if (const auto time = value.is_string() ? parse_time(value.get<std::string>()) : Error{}) told_[name] = *time;
    for (const auto& [name, value] : get_object(remembered, "kept").items())
        if (value.is_number_unsigned()) kept_[name] = value.get<std::uint64_t>();
    for (const auto& [name, value] : get_object(remembered, "troubles").items())
        if (parse_topic(name.substr(0, name.find('|'))))
            troubles_[name] = {time_of(value, "since"), get_string(value, "title")};
    keep_small(told_);
    keep_small(kept_);
    for (auto& name : get_strings(remembered, "untold"))
        untold_.insert(std::move(name));
    keep_small(troubles_);
    keep_small(untold_);
}

Json NoticePolicy::remembered() const {
    Json told = Json::object();
    Json kept = Json::object();
    Json troubles = Json::object();
    for (const auto& [name, time] : told_)
        told[name] = render_time(time);
    for (const auto& [name, count] : kept_)
        kept[name] = count;
    for (const auto& [name, trouble] : troubles_)
        troubles[name] = {{"since", render_time(trouble.since)}, {"title", trouble.title}};
    return Json{{"last_run", last_run_},   {"selected", selected_},   {"keys", keys_},
                {"told", std::move(told)}, {"kept", std::move(kept)}, {"troubles", std::move(troubles)},
                {"untold", untold_}};
}

bool NoticePolicy::tell(std::vector<NoticeEvent>& out, NoticeEvent event, const std::string& subject, bool is_trouble) {
    const auto rule = rule_of(event.topic);
    event.severity = rule.severity;
    event.title = printable(event.title, kMaxReason);
    event.reason = printable(event.reason, kMaxReason);
    if (rule.severity < config_.min_severity) return false;
    if (std::find(keys_.begin(), keys_.end(), event.key) != keys_.end()) return false;
    const auto name = name_with(event.topic, subject);
    const auto last = told_.find(name);
    // A clock that was set back must not silence anything.
    if (rule.cool_down > 0s && last != told_.end() && event.time >= last->second &&
        event.time - last->second < rule.cool_down) {
        // One that lasts is no other one, however often it is looked at.
        if (!is_trouble || (!troubles_.contains(name) && untold_.insert(name).second)) ++kept_[name];
        keep_small(untold_);
        return false;
    }
    keys_.push_back(event.key);
    if (keys_.size() > kKeys) keys_.pop_front();
    if (is_trouble) troubles_.try_emplace(name, Trouble{event.time, event.title});
    untold_.erase(name);
    if (rule.cool_down > 0s) told_[name] = event.time;
    if (const auto kept = kept_.extract(name)) event.held_back = kept.mapped();
    keep_small(told_);
    keep_small(kept_);
    keep_small(troubles_);
    out.push_back(std::move(event));
    return true;
}

std::vector<std::string> NoticePolicy::end_troubles(Topic topic) {
    const auto prefix = name_with(topic, "");
    std::erase_if(untold_, [&](const auto& name) { return name.starts_with(prefix); });
    std::vector<std::string> names;
    for (const auto& [name, trouble] : troubles_)
        if (name.starts_with(prefix)) names.push_back(name);
    return names;
}

/// One event for all that ended at once. Whoever was told of the trouble is told of its end, whatever the least
/// severity is. The next trouble of the kind is news sooner than one that lasts.
void NoticePolicy::recover(std::vector<NoticeEvent>& out, const std::vector<std::string>& names, std::string key,
                           RealTime now) {
    NoticeEvent event{.key = std::move(key), .topic = Topic::recovered, .severity = Severity::info, .time = now};
    for (const auto& name : names) {
        const auto found = troubles_.find(name);
        if (found == troubles_.end()) continue;
        event.title = event.title.empty() ? "Over: " + found->second.title : "Several troubles are over";
        event.reason += fmt::format("{}{} (for {})", event.reason.empty() ? "" : "; ", found->second.title,
                                    lasted(now - found->second.since));
        troubles_.erase(found);
        const auto cool_down = rule_of(*parse_topic(name.substr(0, name.find('|')))).cool_down;
        if (const auto told = told_.find(name); told != told_.end() && cool_down > kNewsAgain)
            told->second -= cool_down - kNewsAgain;
    }
    if (event.title.empty() || std::find(keys_.begin(), keys_.end(), event.key) != keys_.end()) return;
    event.new_servers = selected_;
    keys_.push_back(event.key);
    if (keys_.size() > kKeys) keys_.pop_front();
    out.push_back(std::move(event));
}

void NoticePolicy::take_as_known(const Json& report) {
    last_run_ = static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(report, "run_id").value_or(0), 0));
    selected_ = names_in(report, get_bool(report, "dry_run") ? "previous" : "selected");
}

std::vector<NoticeEvent> NoticePolicy::round_finished(const Json& report, RealTime now) {
    std::vector<NoticeEvent> out;
    const auto run_id = get_integer(report, "run_id").value_or(0);
    if (run_id <= 0 || static_cast<std::uint64_t>(run_id) <= last_run_) return out;
    last_run_ = static_cast<std::uint64_t>(run_id);
    // In mode observe every round is a dry one; only who asked for one knows what it says.
    const bool dry_run = get_bool(report, "dry_run");
    if (dry_run && get_string(report, "trigger") == "request") return out;
    const auto outcome = parse_word<Outcome>(get_string(report, "outcome")).value_or(Outcome::failed);
    const auto before = names_in(report, "previous");
    selected_ = names_in(report, dry_run ? "previous" : "selected");
    NoticeEvent event{.topic = Topic::selection_changed,
                      .time = now,
                      .reason = get_string(report, "reason"),
                      .old_servers = before,
                      .new_servers = selected_,
                      .run_id = last_run_};
    const auto take = [&](Topic topic, std::string title, std::string advice, bool is_trouble) {
        event.topic = topic;
        event.key = fmt::format("run/{}/{}", run_id, name_of(topic));
        event.title = std::move(title);
        event.advice = std::move(advice);
        tell(out, event, "", is_trouble);
    };
    switch (outcome) {
        case Outcome::applied:
        case Outcome::unchanged:
        case Outcome::would_apply: {
            const bool by_hand = get_string(report, "trigger") == "rollback";
            if (outcome == Outcome::applied && before != selected_)
                take(Topic::selection_changed,
                     by_hand ? "The time servers were changed back by hand" : "The time servers were changed", "",
                     false);
            std::vector<Topic> ended{Topic::rolled_back, Topic::degraded};
            // Who goes back has measured nobody.
            if (!by_hand) ended.insert(ended.end(), {Topic::no_consensus, Topic::no_usable_servers});
            std::vector<std::string> over;
            for (const auto topic : ended)
                for (auto& name : end_troubles(topic))
                    over.push_back(std::move(name));
            for (auto& name : end_troubles(Topic::incumbent_blacklisted))
                if (std::find(selected_.begin(), selected_.end(), name.substr(name.find('|') + 1)) == selected_.end())
                    over.push_back(std::move(name));
            recover(out, over, fmt::format("run/{}/recovered", run_id), now);
            break;
        }
        case Outcome::rolled_back:
            event.new_servers = wanted_by(report);
            take(
                Topic::rolled_back, "A change of time servers was rolled back",
                fmt::format("Nothing has to be done at once: the old servers are in use. The new ones did not prove "
                            "themselves; if the reason names the network or a firewall, put that right, then try again "
                            "with `ntpoptctl reoptimize`. `ntpoptctl history --trace` and the journal (`journalctl -u "
                            "ntpoptd -u ntpopt-apply`) have the details of run {}.",
                            run_id),
                true);
            break;
        case Outcome::degraded:
            event.new_servers = wanted_by(report);
            take(Topic::degraded, "A change of time servers failed, and so did its roll-back", kLookAtOnce, true);
            break;
        case Outcome::no_consensus:
            take(Topic::no_consensus, "The time servers do not agree on the time",
                 fmt::format("Nothing was changed. {} If you know which servers are right, name them in "
                             "selection.trusted.",
                             kLook),
                 true);
            break;
        case Outcome::no_usable_servers:
            take(Topic::no_usable_servers, "No usable time server was found",
                 fmt::format("Nothing was changed. {} Does the network let UDP port 123 out?", kLook), true);
            break;
        case Outcome::refused:
        case Outcome::failed:
            break;
    }
    return out;
}

std::vector<NoticeEvent> NoticePolicy::reconverge_failed(const TransactionReport& report, RealTime now) {
    std::vector<NoticeEvent> out;
    const bool degraded = report.state == TransactionState::degraded;
    // It is tried at every look; that it still fails is no news.
    if (troubles_.contains(name_with(degraded ? Topic::degraded : Topic::rolled_back, ""))) return out;
    NoticeEvent event{.key = fmt::format("transaction/{}/{}", report.id, name_of(report.state)),
                      .topic = degraded ? Topic::degraded : Topic::rolled_back,
                      .time = now,
                      .title = degraded ? "The chosen servers could not be brought back, and neither could the others"
                                        : "The NTP service could not be brought back to the chosen servers",
                      .reason = report.reason,
                      .old_servers = report.previous,
                      .new_servers = report.selected,
                      .advice = degraded ? kLookAtOnce
                                         : "Nothing has to be done at once: a round follows by itself. `journalctl -u "
                                           "ntpopt-apply` has the details."};
    tell(out, std::move(event), "", true);
    return out;
}

std::vector<NoticeEvent> NoticePolicy::observed(const ServiceObservation& service, std::optional<double> bound_s,
                                                RealTime now, Duration since_boot) {
    std::vector<NoticeEvent> out;
    if (service.conflict && !service.refusals.empty()) {
        NoticeEvent event{.key = fmt::format("conflict/{}", to_usec(now)),
                          .topic = Topic::service_conflict,
                          .time = now,
                          .title = "Another program stands in the way of the NTP service",
                          .reason = service.refusals.front(),
                          .old_servers = selected_,
                          .advice =
                              "Rounds go on and change nothing until that is put right; `ntpoptctl status` has "
                              "all of it."};
        tell(out, std::move(event), "", true);
    } else {
        recover(out, end_troubles(Topic::service_conflict), fmt::format("conflict/{}/recovered", to_usec(now)), now);
    }
    watch_bound(out, service, bound_s, now, since_boot);
    return out;
}

void NoticePolicy::watch_bound(std::vector<NoticeEvent>& out, const ServiceObservation& service,
                               std::optional<double> bound_s, RealTime now, Duration since_boot) {
    const auto limit_s = to_seconds(config_.error_bound_limit);
    if (limit_s <= 0 || service.service == Service::none) return;
    if (bound_s)
        unknown_since_.reset();
    else if (!unknown_since_)
        unknown_since_ = since_boot;
    const bool over = bound_s && *bound_s > limit_s;
    if (bound_s && !over)
        over_since_.reset();
    else if (over && !over_since_)
        over_since_ = since_boot;
    const bool lost = unknown_since_ && since_boot - *unknown_since_ >= kMayFollowNobody;
    if (lost || (over && since_boot - *over_since_ >= kMayBeOver)) {
        NoticeEvent event{
            .key = fmt::format("clock/{}", to_usec(now)),
            .topic = Topic::clock_error,
            .time = now,
            .title = lost ? std::string("The NTP service follows no server: nobody knows how wrong the clock is")
                          : fmt::format("The clock may be wrong by {:.3g} s", *bound_s),
            .reason = lost ? fmt::format("for {}", lasted(since_boot - *unknown_since_))
                           : fmt::format("notify.error_bound_limit is {}; the offset is {:.3g} s, the root "
                                         "delay {:.3g} s, the root dispersion {:.3g} s",
                                         render_duration(config_.error_bound_limit), service.offset_s,
                                         service.root_delay_s, service.root_dispersion_s),
            .old_servers = selected_,
            .advice =
                "Does the network reach the servers? `ntpoptctl status` shows the bound as it is now, "
                "`ntpoptctl reoptimize` looks for better servers."};
        tell(out, std::move(event), "", true);
    } else if (bound_s && *bound_s <= limit_s * kClearlyBelow) {
        recover(out, end_troubles(Topic::clock_error), fmt::format("clock/{}/recovered", to_usec(now)), now);
    }
}

std::vector<NoticeEvent> NoticePolicy::blacklisted(std::string_view server, std::string_view reason, RealTime now) {
    std::vector<NoticeEvent> out;
    const auto name = printable(server);
    if (std::find(selected_.begin(), selected_.end(), name) == selected_.end()) return out;
    NoticeEvent event{.key = fmt::format("blacklisted/{}/{}", name, to_usec(now)),
                      .topic = Topic::incumbent_blacklisted,
                      .time = now,
                      .title = "A server in use is blacklisted: " + name,
                      .reason = std::string(reason),
                      .old_servers = selected_,
                      .advice = "The next round looks for another one. `ntpoptctl blacklist remove " + name +
                                "` lets it take part again."};
    tell(out, std::move(event), name, true);
    return out;
}

std::vector<NoticeEvent> NoticePolicy::undeliverable(std::string_view channel, std::string_view reason, Silence how,
                                                     RealTime now) {
    struct Words {
        std::string_view name;
        std::string_view title;
    };
    constexpr std::array<Words, 3> kWords{
        {{"refused", "are refused"}, {"in_part", "do not reach everybody"}, {"given_up", "were given up"}}};
    const auto& words = kWords[static_cast<std::size_t>(how)];
    const auto subject = fmt::format("{}/{}", channel, words.name);
    std::vector<NoticeEvent> out;
    NoticeEvent event{.key = fmt::format("undeliverable/{}/{}", subject, to_usec(now)),
                      .topic = Topic::undeliverable,
                      .time = now,
                      .title = fmt::format("Notices by {} {}", channel, words.title),
                      .reason = std::string(reason),
                      .advice = fmt::format("Put [notify] right and try it with `ntpoptctl notify test {}`.", channel)};
    tell(out, std::move(event), subject, false);
    return out;
}

}  // namespace ntpopt
