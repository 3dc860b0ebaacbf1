// What the daemon can be asked and told, as one small abstract class: the face on the bus stands on it, the optimizer
// implements it, and tests fake it. Arguments have been validated and callers authorised when they arrive here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"
#include "common/json.hpp"
#include "common/time_text.hpp"
#include "daemon/core/evidence/facts.hpp"
#include "daemon/ports/ledger.hpp"

namespace ntpopt {

/// The properties of org.ntpopt1.Manager that emit PropertiesChanged; words are those of core/words.hpp.
struct Snapshot {
    std::string state = "idle";
    std::string mode;
    std::string service = "none";
    std::string unit;
    std::string region;
    std::vector<std::string> selected;
    std::string confidence = "none";
    bool synchronised = false;
    std::uint64_t interval_usec = 0;
    std::uint64_t last_run_usec = 0;  ///< CLOCK_REALTIME, 0 for never
    std::uint64_t next_run_usec = 0;  ///< the same
    std::vector<std::string> alarms;

    friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

inline constexpr std::size_t kMaxHistory = 1000;

struct HistoryQuery {
    std::optional<Endpoint> server;
    std::uint64_t since_usec = 0;
    std::uint64_t until_usec = UINT64_MAX;
    std::size_t limit = kMaxHistory;  ///< the newest so many
    bool trace = false;               ///< rounds in the format of the replay
    bool json = false;                ///< each round as one line of JSON
    bool brief = false;               ///< rounds without their servers
};

/// Rows of a long answer, made one after the other as it is sent, so that it is never held as a whole; nothing after
/// the last one. Must not throw.
using HistoryRows = std::function<std::optional<Json>()>;

/// Documents are those of org.ntpopt1.Manager.xml.
class Control {
  public:
    virtual ~Control() = default;

    [[nodiscard]] virtual Snapshot snapshot() const = 0;
    /// |offset| + root delay / 2 + root dispersion, grown by the drift since the last observation.
    [[nodiscard]] virtual std::optional<Duration> clock_error_bound() const = 0;

    /// What was counted and what is known, from memory: nobody is asked for it.
    [[nodiscard]] virtual Json metrics() const = 0;

    /// Starts a round, or joins the one that runs with the same options; Errc::busy where its options differ.
    virtual Result<std::uint64_t> reoptimize(bool dry_run) = 0;
    /// A run report, 0 for the last run. `whole_diff`: also the diff of files that are not world-readable.
    [[nodiscard]] virtual Result<Json> run(std::uint64_t run_id, bool whole_diff) const = 0;
    [[nodiscard]] virtual Json servers() const = 0;
    /// Why a server is (not) chosen; for nothing why the last round decided as it did.
    [[nodiscard]] virtual Result<Json> explain(std::optional<Endpoint> server) const = 0;
    [[nodiscard]] virtual Result<HistoryRows> history(const HistoryQuery& query) const = 0;

    [[nodiscard]] virtual Json blacklist() const = 0;
    /// `time`: how long; nothing is for good.
    virtual Status add_to_blacklist(const Endpoint& server, std::optional<Duration> time) = 0;
    virtual Status remove_from_blacklist(const Endpoint& server) = 0;

    /// `interval`: nothing is what the configuration says. Errc::invalid_argument below the least interval.
    virtual Status set_interval(std::optional<Duration> interval) = 0;
    /// Starts a roll-back; the number is good for run(). Asks the applier first: Errc::not_found where there is nothing
    /// to go back to, and no run.
    virtual boost::asio::awaitable<Result<std::uint64_t>> rollback(bool original) = 0;
    /// Reads the configuration again; on failure the old one stays in force.
    virtual Status reload() = 0;
    [[nodiscard]] virtual Json config() const = 0;

    /// Somebody who may did this, or tried to: for the evidence.
    virtual void operated(const Operation& operation) = 0;
    [[nodiscard]] virtual Result<Json> evidence(const EvidenceWindow& query) = 0;
    /// Asks the applier too, where its last word is old.
    virtual boost::asio::awaitable<Result<Json>> verify_evidence() = 0;

    /// The document of `status`. May ask the applier, hence awaitable; never fails, but leaves out what is not known.
    virtual boost::asio::awaitable<Json> status() = 0;

    /// Delivers a test by one channel, "" for all: a row each. Errc::not_found where it is not configured.
    virtual boost::asio::awaitable<Result<Json>> test_notice(std::string channel) = 0;
};

}  // namespace ntpopt
