// Plays a trace back through the decision core: the very decide() that runs live, line after line, with the memory
// carried along. No network, no clock, no files.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/record/trace.hpp"
#include "daemon/core/select/explain.hpp"

namespace ntpopt {

/// A decision with all that it was made from, as a value that can be kept.
struct RecordedRound {
    std::vector<Observation> observations;
    SelectionState state;  ///< as it was before
    SelectionConfig config;
    DecisionContext context;
    Decision decision;

    [[nodiscard]] DecidedRound view() const { return {observations, state, config, context, decision}; }
};

/// The decision as one line of JSON: servers by name, selected by expected error, numbers with 17 significant digits.
[[nodiscard]] std::string render_decision(double time_s, const Decision& decision);

/// 64 bits of a text as hexadecimal digits (FNV-1a): tells whether two are the same, not who made them.
[[nodiscard]] std::string fingerprint(std::string_view text);

/// The memory after an event; the same for whoever lives it and for whoever plays it back.
[[nodiscard]] SelectionState after_event(SelectionState state, const TraceEvent& event);

class Replay {
  public:
    /// What a line came to: a line of output where it was a round, else nothing.
    struct Answer {
        std::string output;
        bool differs = false;  ///< the line tells of another decision than was made now
    };

    /// Takes the next line; blank ones are passed over. Errors name the line's number and what is wrong with it.
    [[nodiscard]] Result<Answer> feed(std::string_view line);

    /// The last round, as it was decided here.
    [[nodiscard]] const std::optional<RecordedRound>& last_round() const { return last_round_; }
    /// The memory after all that was fed; a decision whose end was not told counts as applied.
    [[nodiscard]] SelectionState state() const { return commit(state_, true); }
    [[nodiscard]] const SelectionConfig& config() const { return config_; }

  private:
    Answer take(TraceRound round);
    Answer take(SelectionConfig config);
    Answer take(TraceState state);
    Answer take(TraceEvent event);

    std::uint64_t line_ = 0;
    SelectionConfig config_;
    SelectionState state_;  ///< with what the last decision proposed, until its end is known
    std::optional<RecordedRound> last_round_;
};

/// Feeds all that `next` gives until it gives nothing; `print` gets each line of output, `warn` one for each round that
/// is decided otherwise than it was recorded.
[[nodiscard]] Status run_replay(const std::function<std::optional<std::string>()>& next,
                                const std::function<void(std::string_view line)>& print,
                                const std::function<void(std::string_view line)>& warn);

}  // namespace ntpopt
