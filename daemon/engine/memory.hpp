// What the engine remembers over a restart, as documents of the store: the selection's memory, the last run, overrides,
// the round whose change was under way, and the trace of the last rounds. A document that cannot be
// read or written is trouble to report, never a stop.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "common/duration.hpp"
#include "common/json.hpp"
#include "daemon/core/record/trace_log.hpp"
#include "daemon/core/select/state.hpp"
#include "daemon/ports/store.hpp"

namespace ntpopt {

/// A change that was asked of the applier and whose end was not yet recorded.
struct OpenRound {
    Json report;                ///< the round's document as far as it had come
    std::uint64_t after = 0;    ///< the applier's last transaction before the change: the change has a higher number
    SelectionState if_applied;  ///< what to remember if the change was committed
    SelectionState otherwise;
    std::vector<TraceEvent> events{};  ///< what was asked of the memory meanwhile, and is to be done to either
};

class Memory {
  public:
    using Trouble = std::function<void(std::string_view what)>;

    Memory(Store& store, Trouble trouble);

    SelectionState selection;
    Json last_run;  ///< the document of the last run, null before the first
    std::uint64_t last_run_id = 0;
    std::optional<Duration> interval;  ///< set at run time

    void save_selection();
    void save_last_run();
    void save_overrides();

    [[nodiscard]] std::optional<OpenRound> open_round();
    void save_open_round(const OpenRound& round);
    void close_open_round();

    /// The trace of the last rounds. It is read when it is needed and not held, since that is seldom.
    [[nodiscard]] TraceLog load_trace();
    void save_trace(TraceLog trace);

  private:
    [[nodiscard]] Json load(std::string_view name);
    void save(std::string_view name, const Json& document);

    Store& store_;
    Trouble trouble_;
};

}  // namespace ntpopt
