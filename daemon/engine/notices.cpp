// Implementation of notices.hpp.
#include "daemon/engine/notices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "common/text.hpp"
#include "daemon/core/publish/clock_error.hpp"
#include "daemon/ports/gather.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kNever = std::chrono::hours(24 * 365);  // from now; a ring comes first
/// What is on its way may arrive before we go, so that it need not be sent again; short of the time to drain.
constexpr Duration kLastMoments = std::chrono::seconds(5);
/// What an earlier life left untold is news for so long.
constexpr Duration kStillNews = std::chrono::hours(1);

Json state_of(Outbox& outbox) {
    auto state = outbox.notice_state();
    return state ? *std::move(state) : Json(nullptr);
}

}  // namespace

Notices::Notices(asio::any_io_executor executor, Clock& clock, Alarm& alarm, Outbox& outbox, Notifier& notifier,
                 const NotifyConfig& config, std::string host, Trouble trouble)
    : executor_(std::move(executor)),
      clock_(clock),
      alarm_(alarm),
      outbox_(outbox),
      notifier_(notifier),
      host_(std::move(host)),
      trouble_(std::move(trouble)),
      policy_(config, state_of(outbox)) {
    const auto state = state_of(outbox);
    knows_the_past_ = state.is_object();
    for (auto& channel : channels_of(config)) {
        const auto& queue = get_object(get_object(state, "channels"), channel.key);
        couriers_.push_back(std::make_shared<Courier>(std::move(channel), queue));
    }
    const auto waiting = outbox_.waiting();
    if (!waiting) {
        trouble_("notices that waited cannot be read: " + waiting.error().detail);
        return;
    }
    std::vector<std::uint64_t> removed;
    for (const auto& entry : *waiting) {
        last_id_ = std::max(last_id_, entry.id);
        const auto event = parse_notice_event(entry.event);
        const auto same = [&](const auto& courier) { return courier->channel.key == entry.channel; };
        const auto courier = std::find_if(couriers_.begin(), couriers_.end(), same);
        if (event && courier != couriers_.end()) {
            const auto dropped = (*courier)->queue.add({entry.id, *event}, clock_.since_boot());
            if (dropped) removed.push_back(*dropped);
        } else {
            removed.push_back(entry.id);  // of a channel that is configured no longer
        }
    }
    if (!couriers_.empty()) {
        if (!removed.empty()) save({}, removed);
    } else if (knows_the_past_ || !removed.empty()) {
        // Whoever is to be told one day shall not hear what is old by then.
        const auto forgotten = outbox_.change({{}, std::move(removed), nullptr});
        if (!forgotten) trouble_("notices that nobody is to have cannot be forgotten: " + forgotten.error().detail);
    }
}

void Notices::catch_up(const Json& last_round) {
    if (couriers_.empty() || !last_round.is_object()) return;
    const auto began = parse_time(get_string(last_round, "timestamp"));
    const bool news = began && clock_.now() - *began < kStillNews;
    if (knows_the_past_ && news)
        run_finished(0, last_round);
    else
        policy_.take_as_known(last_round);
}

Duration Notices::next_due() const {
    auto due = clock_.since_boot() + kNever;
    for (const auto& courier : couriers_)
        if (const auto own = courier->queue.due()) due = std::min(due, *own);
    return due;
}

asio::awaitable<void> Notices::run() {
    while (!stopping_) {
        for (const auto& courier : couriers_) {
            const auto due = courier->queue.due();
            if (due && *due <= clock_.since_boot()) launch(courier);
        }
        co_await alarm_.wait_until(next_due());
    }
    const auto end = clock_.since_boot() + kLastMoments;
    while (under_way_ > 0 && clock_.since_boot() < end)
        co_await alarm_.wait_until(end);
    for (const auto& courier : couriers_)
        courier->cancel.emit(asio::cancellation_type::terminal);
    while (under_way_ > 0)
        co_await alarm_.wait_until(clock_.since_boot() + kNever);
    if (!save_problem_.empty()) save({}, {});
}

void Notices::stop() {
    stopping_ = true;
    alarm_.ring();
}

void Notices::launch(const std::shared_ptr<Courier>& courier) {
    const auto first = courier->queue.first();
    auto events = courier->queue.begin();
    const auto last = first + events.size() - 1;
    // As long as the same events are tried the message is the same, so that who gets it twice can tell.
    auto id = fmt::format("{}.{}-{}.{}", courier->channel.name, first, last, to_usec(events.front().time));
    auto notice = make_notice(std::move(id), host_, std::move(events), courier->queue.lost(), clock_.now());
    auto channel = courier->channel;
    channel.wait_for_all = courier->queue.may_wait_for_all();
    ++under_way_;
    auto on_done = [this, courier](const std::exception_ptr& failure, Delivery delivery) {
        if (failure) delivery = {false, false, "it was not attempted to its end"};
        finish(courier, delivery);
    };
    asio::co_spawn(executor_, notifier_.deliver(std::move(channel), std::move(notice)),
                   asio::bind_cancellation_slot(courier->cancel.slot(), std::move(on_done)));
}

void Notices::finish(const std::shared_ptr<Courier>& courier, const Delivery& delivery) {
    --under_way_;
    alarm_.ring();
    if (stopping_ && !delivery.ok) return;  // what was cut short is no failure of the channel
    const auto& name = courier->channel.name;
    const bool known = std::find(couriers_.begin(), couriers_.end(), courier) != couriers_.end();
    const bool had_problem = !courier->queue.problem().empty();
    auto ended = courier->queue.ended(clock_.since_boot(), delivery);
    save({}, ended.removed);
    if (!known) return;
    const auto& why = delivery.detail;
    if (delivery.ok && why.empty() && had_problem) trouble_(fmt::format("notices by {} are delivered again", name));
    if (ended.news && delivery.ok) trouble_(fmt::format("notices by {} do not reach everybody: {}", name, why));
    if (ended.news && !delivery.ok)
        trouble_(fmt::format("notices by {} cannot be delivered: {}; this is tried again for a day", name, why));
    if (ended.given_up != 0)
        trouble_(fmt::format("{} by {} could not be delivered for a day and {} given up: {}",
                             count_of(ended.given_up, "notice"), name, ended.given_up == 1 ? "is" : "are", why));
    if (ended.given_up == 0 && !(ended.news && delivery.permanent)) return;
    using Silence = NoticePolicy::Silence;
    const auto how = ended.given_up != 0 ? Silence::given_up : delivery.ok ? Silence::in_part : Silence::refused;
    take(policy_.undeliverable(name, why, how, clock_.now()), name);
}

void Notices::configure(const NotifyConfig& config) {
    policy_.configure(config);
    auto former = std::exchange(couriers_, {});
    for (auto& channel : channels_of(config)) {
        const auto same = [&](const auto& courier) { return courier->channel.key == channel.key; };
        const auto known = std::find_if(former.begin(), former.end(), same);
        if (known == former.end()) {
            couriers_.push_back(std::make_shared<Courier>(std::move(channel), nullptr));
            continue;
        }
        (*known)->channel = std::move(channel);
        (*known)->queue.retry_now(clock_.since_boot());
        couriers_.push_back(std::move(*known));
        former.erase(known);
    }
    // Who is left is configured no longer; an attempt that runs may end.
    std::vector<std::uint64_t> removed;
    for (const auto& courier : former)
        for (const auto id : courier->queue.ids())
            removed.push_back(id);
    if (!removed.empty()) save({}, removed);
    alarm_.ring();
}

std::vector<std::string> Notices::alarms() const {
    std::vector<std::string> out;
    for (const auto& courier : couriers_)
        if (const auto& problem = courier->queue.problem(); !problem.empty())
            out.push_back(fmt::format("notices by {} {}: {}", courier->channel.name,
                                      courier->queue.in_part() ? "do not reach everybody" : "cannot be delivered",
                                      problem));
    return out;
}

asio::awaitable<Result<Delivery>> Notices::test_one(NotifyChannel channel) {
    const auto now = clock_.now();
    NoticeEvent event{.key = "test", .topic = Topic::test, .severity = Severity::info, .time = now};
    event.title = "A test";
    event.reason = fmt::format("somebody ran `ntpoptctl notify test` on {}", host_);
    std::vector<NoticeEvent> events;
    events.push_back(std::move(event));
    auto notice = make_notice(fmt::format("test.{}.{}", channel.name, to_usec(now)), host_, std::move(events), 0, now);
    co_return co_await notifier_.deliver(std::move(channel), std::move(notice));
}

asio::awaitable<Result<std::vector<Notices::Tested>>> Notices::test(std::string channel) {
    std::vector<Tested> tested;
    std::vector<asio::awaitable<Result<Delivery>>> tasks;
    for (const auto& courier : couriers_) {
        if (!channel.empty() && courier->channel.name != channel) continue;
        tested.push_back({courier->channel.name, {}});
        tasks.push_back(test_one(courier->channel));
    }
    if (tested.empty())
        co_return Error{Errc::not_found, channel.empty()
                                             ? "no channel is configured in [notify]"
                                             : fmt::format("no channel {} is configured in [notify]", channel)};
    auto results = co_await gather<Delivery>(std::move(tasks));
    for (std::size_t i = 0; i < tested.size(); ++i) {
        if (results[i]) tested[i].delivery = *results[i];
        if (!results[i]) tested[i].delivery.detail = results[i].error().detail;
    }
    // One that works again need not wait for its next attempt.
    for (std::size_t i = 0; i < tested.size(); ++i)
        for (const auto& courier : couriers_)
            if (tested[i].delivery.ok && courier->channel.name == tested[i].channel &&
                !courier->queue.problem().empty())
                courier->queue.retry_now(clock_.since_boot());
    alarm_.ring();
    co_return tested;
}

void Notices::service_observed(const ServiceObservation& service) {
    if (couriers_.empty()) return;
    const auto bound_s = clock_error_bound_s(service, Duration::zero());
    take(policy_.observed(service, bound_s, clock_.now(), clock_.since_boot()));
}

void Notices::run_finished(std::uint64_t, const Json& report) {
    if (couriers_.empty()) return;
    take(policy_.round_finished(report, clock_.now()));
}

void Notices::reconverge_failed(const TransactionReport& report) {
    if (couriers_.empty()) return;
    take(policy_.reconverge_failed(report, clock_.now()));
}

void Notices::server_blacklisted(std::string_view server, std::uint64_t, std::string_view reason) {
    if (couriers_.empty()) return;
    take(policy_.blacklisted(server, reason, clock_.now()));
}

/// Into the queue of every channel but one, and into the outbox, before anything is sent.
void Notices::take(const std::vector<NoticeEvent>& events, std::string_view except) {
    if (events.empty() && save_problem_.empty()) return;
    std::vector<OutboxEntry> added;
    std::vector<std::uint64_t> removed;
    for (const auto& event : events)
        for (const auto& courier : couriers_) {
            if (courier->channel.name == except) continue;
            added.push_back({++last_id_, courier->channel.key, to_json(event)});
            if (const auto dropped = courier->queue.add({last_id_, event}, clock_.since_boot()))
                removed.push_back(*dropped);
        }
    save(std::move(added), removed);
    alarm_.ring();
}

Json Notices::remembered() const {
    auto state = policy_.remembered();
    auto channels = Json::object();
    for (const auto& courier : couriers_)
        channels[courier->channel.key] = courier->queue.remembered();
    state["channels"] = std::move(channels);
    return state;
}

/// A memory that cannot be written costs nothing but the certainty over a restart, and is asked again with whatever
/// comes next.
void Notices::save(std::vector<OutboxEntry> added, const std::vector<std::uint64_t>& removed) {
    OutboxChange change{std::exchange(unsaved_, {}), std::exchange(unremoved_, {}), remembered()};
    std::move(added.begin(), added.end(), std::back_inserter(change.added));
    change.removed.insert(change.removed.end(), removed.begin(), removed.end());
    std::erase_if(change.added, [&](const auto& entry) {
        return std::find(removed.begin(), removed.end(), entry.id) != removed.end();
    });
    const auto saved = outbox_.change(change);
    if (!saved) {
        unsaved_ = std::move(change.added);
        unremoved_ = std::move(change.removed);
    }
    const auto problem = saved ? std::string() : saved.error().detail;
    if (!problem.empty() && problem != save_problem_)
        trouble_("notices cannot be kept until they are delivered: " + problem);
    save_problem_ = problem;
}

}  // namespace ntpopt
