// The lines of a trace (docs/interface.md, "Replay"): rounds with all that a decision is made from, the configuration
// and memory they were made with, and what became of them. JSON Lines, from and to values. A line is taken for hostile:
// bounded in length, depth and number, every figure finite and in range, and an error says which key is wrong; which
// line it was is known to replay.hpp.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/select/decide.hpp"

namespace ntpopt {

inline constexpr std::size_t kMaxTraceLine = 8 * 1024 * 1024;
inline constexpr std::size_t kMaxTraceCandidates = 10'000;

/// One round: what was seen, and the rest of what the decision was made from. The memory is carried from line to line.
struct TraceRound {
    std::vector<Observation> observations;
    DecisionContext context;
    std::vector<std::string> trusted;  ///< hosts that the line itself calls trusted, beside those of the configuration
    std::string decided;  ///< fingerprint of the decision that was made when it was recorded; empty where not recorded
};

/// Start from this memory; or, where it was too much for one line, add this to what the line before it held.
struct TraceState {
    SelectionState state;
    bool continues = false;
};

/// What became of the last decision, or what was done to the memory between rounds.
struct TraceEvent {
    enum class Kind {
        rolled_back,  ///< the decision was applied and undone
        not_applied,  ///< dry run, mode observe, refused, or failed
        forgotten,    ///< rolled back by hand: what the service uses is not of our choosing any more
        blacklist,
        unblacklist,
        left_out,  ///< at least one round that follows is not in the trace, since it had too many candidates
    };
    Kind kind = Kind::not_applied;
    std::optional<double> time_s{};      ///< seconds since 1970; nothing: that of the round before
    std::string server{};                ///< blacklist, unblacklist
    std::optional<double> until_s{};     ///< blacklist: seconds since 1970; nothing: for good
    std::vector<std::string> servers{};  ///< rolled_back: the names that were tried; empty: what was decided
};

using TraceLine = std::variant<TraceRound, SelectionConfig, TraceState, TraceEvent>;

/// Reads one line. The configuration of a line begins at the defaults, as that of a file does.
[[nodiscard]] Result<TraceLine> parse_trace_line(std::string_view line);

[[nodiscard]] std::string render_trace_round(const std::vector<Observation>& observations,
                                             const SelectionConfig& config, const DecisionContext& context,
                                             std::string_view decided);
[[nodiscard]] std::string render_trace_config(const SelectionConfig& config);
/// One line, or several where the memory is large.
[[nodiscard]] std::vector<std::string> render_trace_state(const SelectionState& state);
[[nodiscard]] std::string render_trace_event(const TraceEvent& event);

[[nodiscard]] std::string_view name_of(TraceEvent::Kind kind);

}  // namespace ntpopt
