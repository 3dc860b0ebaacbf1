// Implementation of queue.hpp.
#include "daemon/core/notice/queue.hpp"

#include <algorithm>
#include <utility>

namespace ntpopt {

ChannelQueue::ChannelQueue(const Json& remembered) {
    attempts_ = static_cast<int>(std::clamp<std::int64_t>(get_integer(remembered, "attempts").value_or(0), 0, 1000));
    waited_ = std::chrono::seconds(std::clamp<std::int64_t>(get_integer(remembered, "waited_s").value_or(0), 0, 86400));
    lost_ = static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(remembered, "lost").value_or(0), 0));
    told_temporary_ = get_bool(remembered, "told_temporary");
    told_permanent_ = get_bool(remembered, "told_permanent");
    told_in_part_ = get_bool(remembered, "told_in_part");
    in_part_ = get_bool(remembered, "in_part");
    problem_ = get_string(remembered, "problem");
}

Json ChannelQueue::remembered() const {
    return Json{{"attempts", attempts_},
                {"waited_s", std::chrono::floor<std::chrono::seconds>(waited_).count()},
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
    waiting_.push_back(std::move(entry));
    if (waiting_.size() <= kMostWaiting || under_way_ >= kMostWaiting) return std::nullopt;
    const auto oldest = waiting_.begin() + static_cast<std::ptrdiff_t>(under_way_);
    const auto id = oldest->id;
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
    for (const auto& entry : waiting_)
        events.push_back(entry.event);
    return events;
}

ChannelQueue::Ended ChannelQueue::ended(Duration now, const Delivery& delivery) {
    Ended out;
    const auto batch = std::exchange(under_way_, 0);
    const auto drop = [&] {
        for (std::size_t i = 0; i < batch && !waiting_.empty(); ++i) {
            out.removed.push_back(waiting_.front().id);
            waiting_.pop_front();
        }
        attempts_ = 0;
        waited_ = {};
        lost_ = 0;
    };
    if (delivery.ok) {
        drop();
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
    if (waited_ + delay > kGiveUp) {
        drop();
        out.given_up = true;
        due_ = now + kMostGap;
        return out;
    }
    ++attempts_;
    waited_ += delay;
    due_ = now + delay;
    return out;
}

std::vector<std::uint64_t> ChannelQueue::ids() const {
    std::vector<std::uint64_t> out;
    for (const auto& entry : waiting_)
        out.push_back(entry.id);
    return out;
}

void ChannelQueue::retry_now(Duration now) {
    due_ = std::min(due_, now);
}

}  // namespace ntpopt
