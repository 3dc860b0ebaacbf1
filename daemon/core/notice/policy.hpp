// Which of the things that happen are worth telling: what rounds, observations and blacklistings say goes in, events
// come out. Remembers what was told, so that nothing is told twice, also after a restart, and which troubles last, so
// that their end is told. Knows nothing of who is told, or how.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/notice/event.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

class NoticePolicy {
  public:
    /// How a channel fails: it refuses everything, or what is for some of its recipients, or a day's attempts failed.
    enum class Silence { refused, in_part, given_up };

    /// `remembered`: what an earlier life's remembered() gave, null where there was none.
    NoticePolicy(const NotifyConfig& config, const Json& remembered);

    void configure(const NotifyConfig& config) { config_ = config; }
    [[nodiscard]] Json remembered() const;

    /// A round is over. `report` is its document, of which nothing is believed without a look. A round that is not
    /// younger than the last one that was seen here says nothing new.
    [[nodiscard]] std::vector<NoticeEvent> round_finished(const Json& report, RealTime now);
    /// The first life knows no past: what was before is taken as it is, and not told.
    void take_as_known(const Json& report);
    /// What was committed could not be made true again between two rounds.
    [[nodiscard]] std::vector<NoticeEvent> reconverge_failed(const TransactionReport& report, RealTime now);
    /// What the NTP service does, and how wrong the clock can be by it; nothing where it follows nobody. How long that
    /// lasts is measured by the boot clock: the other one may be stepped just then.
    [[nodiscard]] std::vector<NoticeEvent> observed(const ServiceObservation& service, std::optional<double> bound_s,
                                                    RealTime now, Duration since_boot);
    [[nodiscard]] std::vector<NoticeEvent> blacklisted(std::string_view server, std::string_view reason, RealTime now);
    /// A channel that does not tell everybody; to be told by the others.
    [[nodiscard]] std::vector<NoticeEvent> undeliverable(std::string_view channel, std::string_view reason, Silence how,
                                                         RealTime now);

    [[nodiscard]] std::uint64_t last_run() const { return last_run_; }

  private:
    struct Trouble {
        RealTime since{};
        std::string title;
    };

    /// Takes the event in where it is to be told.
    bool tell(std::vector<NoticeEvent>& out, NoticeEvent event, const std::string& subject, bool is_trouble);
    void recover(std::vector<NoticeEvent>& out, const std::vector<std::string>& names, std::string key, RealTime now);
    /// Names of the topic's troubles that were told; those that were not are over.
    [[nodiscard]] std::vector<std::string> end_troubles(Topic topic);
    void watch_bound(std::vector<NoticeEvent>& out, const ServiceObservation& service, std::optional<double> bound_s,
                     RealTime now, Duration since_boot);

    NotifyConfig config_;
    std::uint64_t last_run_ = 0;
    std::vector<std::string> selected_;
    std::deque<std::string> keys_;               ///< of the last events
    std::map<std::string, RealTime> told_;       ///< by topic and subject
    std::map<std::string, std::uint64_t> kept_;  ///< by the cool-down, since then
    std::map<std::string, Trouble> troubles_;    ///< by topic and subject: told, and not over
    std::set<std::string> untold_;               ///< by topic and subject: kept by the cool-down, and not over
    std::optional<Duration> unknown_since_;      ///< the service follows nobody; by the boot clock
    std::optional<Duration> over_since_;         ///< the bound is over the limit; the same
};

}  // namespace ntpopt
