// What the engine remembers over a restart, as documents of the store: the selection's memory, the last run, overrides,
// the round whose change was under way, and the trace of the last rounds. A document that cannot be read or written is
// trouble to report, never a stop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "common/duration.hpp"
#include "common/json.hpp"
#include "daemon/core/record/trace_log.hpp"
#include "daemon/core/schedule/schedule.hpp"
#include "daemon/core/select/state.hpp"
#include "daemon/ports/store.hpp"

namespace ntpopt {

/// A change that was asked of the applier and whose end was not yet recorded.
struct OpenRound {
    Json report;                ///< the round's document as far as it had come
    std::uint64_t after = 0;    ///< the applier's last transaction before the change: the change has a higher number
    SelectionState if_applied;  ///< what to remember if the change was committed
    SelectionState if_untried;  ///< if it never began, or was interrupted: nothing was learnt of its servers
    SelectionState otherwise;
    std::vector<TraceEvent> events{};  ///< what was asked of the memory meanwhile, and is to be done to either
};

/// What the schedule of a later life must know of the rounds of this one (PastRounds).
struct RoundsSoFar {
    double began_s = 0;  ///< when the last one began, seconds since 1970; 0: there was none
    bool open = false;   ///< it has not ended yet
    int useless = 0;     ///< in a row; one that is open counts as such
    double tokens = kMostTokens;
    double lived_s = 0;  ///< for how long ntpoptd has run since then: all that a machine without an RTC knows at boot
};

/// The number of the run that a document tells of; 0 where it tells of none.
[[nodiscard]] std::uint64_t run_id_of(const Json& document);

class Memory {
  public:
    static constexpr std::size_t kRowsInMemory = 200;

    using Trouble = std::function<void(std::string_view what)>;

    Memory(Store& store, Trouble trouble);

    SelectionState selection;
    Json last_run;                     ///< the document of the last run, null before the first; see put_rows_aside()
    std::uint64_t last_run_id = 0;     ///< the highest that was given away, also to a run that is not remembered
    std::optional<Duration> interval;  ///< set at run time
    RoundsSoFar rounds;

    /// Remembers the round that has ended (last_run), the trace as far as it takes a quarter of the size, the
    /// selection's memory, what waits, and that no change is open: all of it in one transaction, or nothing. `now`:
    /// where the clock is to be believed.
    [[nodiscard]] Status record_round(const HistoryConfig& limits, std::optional<RealTime> now);

    /// The last run is remembered by the store: where it had more than kRowsInMemory servers, last_run keeps the rows
    /// of these names only.
    void put_rows_aside(const std::vector<std::string>& names);
    /// The last run with all of its rows, from the store where they were put aside.
    [[nodiscard]] Result<Json> whole_last_run() const;

    /// These are trouble where they fail; what could not be remembered is with the next round.
    void save_selection();
    void save_overrides();
    /// Before a round asks anybody anything: a process that crashes in each of its rounds must find the earlier ones.
    /// What caches hold goes with it.
    void save_rounds();

    [[nodiscard]] std::optional<OpenRound> open_round();
    void save_open_round(const OpenRound& round);

    /// The trace of the last rounds: what is done to it waits for whatever is remembered next.
    TraceLog trace;
    /// Its lines, the oldest first, until `take` says false. They are read when they are needed, since that is seldom.
    [[nodiscard]] Status for_each_line(const std::function<bool(std::string line)>& take) const;

    /// Why the last attempt to remember something failed; empty where it did not.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    [[nodiscard]] Json load(std::string_view name);
    [[nodiscard]] Json overrides() const;
    [[nodiscard]] Json rounds_so_far() const;
    [[nodiscard]] Status save(Remembered what);
    void try_to_save(std::string_view name, Json document);

    Store& store_;
    Trouble trouble_;
    std::string problem_;
    std::optional<std::int64_t> last_run_aside_;  ///< the run whose rows the store alone has
};

}  // namespace ntpopt
