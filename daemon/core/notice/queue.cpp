// Implementation of queue.hpp.
#include "daemon/core/notice/queue.hpp"

#include <algorithm>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {

ChannelQueue::ChannelQueue(const Json& remembered) {
    attempts_ = static_cast<int>(std::clamp<std::int64_t>(get_integer(remembered, "attempts").value_or(0), 0, 1000));
    for (const auto& [id, seconds] : get_object(remembered, "waited").items())
        if (const auto number = parse_number<std::uint64_t>(id); number && seconds.is_number_integer())
            waited_before_[*number] =
                std::chrono::seconds(std::clamp<std::int64_t>(seconds.get<std::int64_t>(), 0, 86400));
    lost_ = static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(remembered, "lost").value_or(0), 0));
    told_temporary_ = get_bool(remembered, "told_temporary");
    told_permanent_ = get_bool(remembered, "told_permanent");
    told_in_part_ = get_bool(remembered, "told_in_part");
    in_part_ = get_bool(remembered, "in_part");
    problem_ = get_string(remembered, "problem");
}

Json ChannelQueue::remembered() const {
    Json waited = Json::object();
    for (const auto& one : waiting_)
        if (const auto whole = std::chrono::floor<std::chrono::seconds>(one.waited); whole > Duration::zero())
            waited[std::to_string(one.entry.id)] = whole.count();
    return Json{{"attempts", attempts_},
                {"waited", std::move(waited)},
                {"lost", lost_},
                {"told_temporary", told_temporary_},
                {"told_permanent", told_permanent_},
                {"told_in_part", told_in_part_},
                {"in_part", in_part_},
                {"problem", problem_}};
}

std::optional<std::uint64_t> ChannelQueue::add(Entry entry, Duration now) {
    if (waiting_.empty() && under_way_ == 0) {
        due_ = now + kGather;
        if (delivered_at_) {
            // Quiet for as long as the longest gap: what comes now is no flood.
            if (now - *delivered_at_ >= kMostGap) gap_ = kLeastGap;
            due_ = std::max(due_, *delivered_at_ + gap_);
        }
    }
    const auto before = waited_before_.extract(entry.id);
    waiting_.push_back({std::move(entry), now, before ? before.mapped() : Duration::zero()});
    if (waiting_.size() <= kMostWaiting || under_way_ >= kMostWaiting) return std::nullopt;
    const auto oldest = waiting_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    const auto id = oldest->entry.id;
    waiting_.erase(oldest);
    ++lost_;
    return id;
}

std::optional<Duration> ChannelQueue::due() const {
    if (waiting_.empty() || under_way_ > 0) return std::nullopt;
    return due_;
}

std::vector<NoticeEvent> ChannelQueue::begin() {
    under_way_ = waiting_.size();
    std::vector<NoticeEvent> events;
    for (const auto& one : waiting_)
        events.push_back(one.entry.event);
    return events;
}

/// A machine that slept did not try meanwhile, so no more counts than what lies between two attempts.
void ChannelQueue::count_waiting(std::size_t batch, Duration now) {
    for (std::size_t i = 0; i < batch; ++i) {
        auto& one = waiting_[i];
        one.waited += std::min(now - std::exchange(one.since, now), kMostRetry);
    }
}

ChannelQueue::Ended ChannelQueue::ended(Duration now, const Delivery& delivery) {
    Ended out;
    const auto batch = std::exchange(under_way_, 0);
    const auto drop = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            out.removed.push_back(waiting_.front().entry.id);
            waiting_.pop_front();
        }
    };
    if (delivery.ok) {
        drop(batch);
        attempts_ = 0;
        lost_ = 0;
        told_temporary_ = told_permanent_ = false;
        problem_ = delivery.detail;
        in_part_ = !problem_.empty();
        out.news = in_part_ && !told_in_part_;
        told_in_part_ = in_part_;
        const bool flood = delivered_at_ && now - *delivered_at_ < 2 * gap_;
        if (flood) gap_ = std::min(2 * gap_, kMostGap);
        delivered_at_ = now;
        due_ = now + gap_;
        return out;
    }
    problem_ = delivery.detail;
    in_part_ = false;
    auto& told = delivery.permanent ? told_permanent_ : told_temporary_;
    out.news = !std::exchange(told, true);
    auto delay = kFirstRetry;
    for (int i = 0; i < attempts_ && delay < kMostRetry; ++i)
        delay *= 2;
    delay = std::min(delay, kMostRetry);
    if (delivery.permanent) delay = std::max(delay, kFirstRetryIfPermanent);
    count_waiting(batch, now);
    while (out.given_up < batch && waiting_[out.given_up].waited + delay > kGiveUp)
        ++out.given_up;
    drop(out.given_up);
    lost_ += out.given_up;
    if (waiting_.empty()) {
        attempts_ = 0;
        due_ = now + kMostGap;
    } else {
        ++attempts_;
        due_ = now + delay;
    }
    return out;
}

std::vector<std::uint64_t> ChannelQueue::ids() const {
    std::vector<std::uint64_t> out;
    for (const auto& one : waiting_)
        out.push_back(one.entry.id);
    return out;
}

void ChannelQueue::retry_now(Duration now) {
    due_ = std::min(due_, now);
}

}  // namespace ntpopt
