// What waits for one channel, and when it goes: gathered for a moment, so that what happens at once is one message;
// further and further apart where messages follow each other; retried with backoff, each event for up to a day, then
// given up. Times are those of the boot clock, so no step of the clock that we look after can hurry or hold anything.
// Knows nothing of how a message is delivered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/duration.hpp"
#include "common/json.hpp"
#include "daemon/core/notice/event.hpp"

namespace ntpopt {

/// What became of one attempt.
struct Delivery {
    bool ok = false;
    bool permanent = false;  ///< it will not go better by itself: a wrong password, a wrong certificate, a bad request
    std::string detail;      ///< what went wrong, in words without secrets; with `ok`: for some of those addressed
};

class ChannelQueue {
  public:
    struct Entry {
        std::uint64_t id = 0;  ///< in the outbox
        NoticeEvent event;
    };

    /// What is to be done after an attempt.
    struct Ended {
        std::vector<std::uint64_t> removed;  ///< delivered or given up
        std::size_t given_up = 0;            ///< how many of those
        bool news = false;                   ///< something wrong that was not told yet
    };

    static constexpr std::size_t kMostWaiting = 1000;
    static constexpr Duration kGather = std::chrono::seconds(5);
    static constexpr Duration kLeastGap = std::chrono::minutes(1);
    static constexpr Duration kMostGap = std::chrono::hours(1);
    static constexpr Duration kFirstRetry = std::chrono::minutes(1);
    static constexpr Duration kFirstRetryIfPermanent = std::chrono::hours(1);
    static constexpr Duration kMostRetry = std::chrono::hours(4);
    static constexpr int kPatientAttempts = 6;  ///< an hour, with what lies between them
    static constexpr Duration kGiveUp = std::chrono::hours(24);

    /// `remembered`: of an earlier life, null where there was none.
    explicit ChannelQueue(const Json& remembered = nullptr);
    [[nodiscard]] Json remembered() const;

    /// Takes an event in, and gives the number of one that has to make room for it, if one has.
    std::optional<std::uint64_t> add(Entry entry, Duration now);

    /// When the next attempt is due; nothing while there is nothing to tell, or an attempt is under way.
    [[nodiscard]] std::optional<Duration> due() const;

    /// Begins an attempt with all that waits; ended() ends it.
    [[nodiscard]] std::vector<NoticeEvent> begin();
    [[nodiscard]] Ended ended(Duration now, const Delivery& delivery);

    /// Somebody may have put right what was wrong: the next attempt is due now.
    void retry_now(Duration now);

    /// The number of the oldest entry that waits, 0 for none.
    [[nodiscard]] std::uint64_t first() const { return waiting_.empty() ? 0 : waiting_.front().entry.id; }
    /// The numbers of all that wait.
    [[nodiscard]] std::vector<std::uint64_t> ids() const;
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    /// Why the last attempt failed, or did not reach everybody; empty where it did.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    /// The last attempt reached some, and not everybody.
    [[nodiscard]] bool in_part() const { return in_part_; }
    /// The attempt may be given up for all where some are asked to come again, so that everybody gets the message once;
    /// not for ever, and not where the message before has left somebody out.
    [[nodiscard]] bool may_wait_for_all() const { return !in_part_ && attempts_ < kPatientAttempts; }

  private:
    struct Waiting {
        Entry entry;
        Duration since{};   ///< from when on nothing is counted yet
        Duration waited{};  ///< in vain, also in earlier lives; the older, the longer
    };

    void count_waiting(std::size_t batch, Duration now);

    std::deque<Waiting> waiting_;
    std::map<std::uint64_t, Duration> waited_before_;  ///< in earlier lives, by number, of those still to be added
    std::size_t under_way_ = 0;                        ///< how many of the first are in the attempt that runs
    std::uint64_t lost_ = 0;                           ///< had no room or were given up, since the last message
    Duration due_{};
    std::optional<Duration> delivered_at_;  ///< of the last message
    Duration gap_ = kLeastGap;
    int attempts_ = 0;  ///< failed in a row
    bool told_temporary_ = false;
    bool told_permanent_ = false;
    bool told_in_part_ = false;
    bool in_part_ = false;
    std::string problem_;
};

}  // namespace ntpopt
