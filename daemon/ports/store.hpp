// What outlives a restart: the selection's memory, overrides set at run time and the like as documents by name, and the
// rounds. The real one is io/store/sqlite_store.hpp. What is read back of the past is in archive.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error.hpp"
#include "common/json.hpp"
#include "common/time_text.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/record/trace_log.hpp"

namespace ntpopt {

/// What is to be remembered at once: after a crash all of it is there, or nothing.
struct Remembered {
    std::vector<std::pair<std::string, Json>> documents;  ///< each replaces its namesake; null removes it
    std::optional<Json> round;                            ///< the document of a round that has ended
    const TraceChange* trace = nullptr;                   ///< what is to be done to the lines of the trace
    HistoryConfig limits{};                               ///< how long and how large, where there is a round
    /// Now, where the clock is to be believed: only then does anything go for its age.
    std::optional<RealTime> now{};
};

class Store {
  public:
    virtual ~Store() = default;

    /// The document, or null where there is none.
    [[nodiscard]] virtual Result<Json> load(std::string_view name) = 0;

    /// The document of the round with the highest number, or null where there is none.
    [[nodiscard]] virtual Result<Json> last_round() = 0;

    /// Every line of the trace with its segment, the oldest first, until `take` says false.
    using TakeLine = std::function<bool(std::uint64_t segment, std::string line)>;
    [[nodiscard]] virtual Status trace(const TakeLine& take) = 0;

    /// Remembers durably, in one transaction.
    [[nodiscard]] virtual Status save(const Remembered& what) = 0;
};

}  // namespace ntpopt
