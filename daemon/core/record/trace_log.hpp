// The trace of the last rounds, kept as a document: what `ntpoptctl history --trace` exports. It is bounded, and what
// it says is true by construction: wherever the memory is not what the lines before lead to (a crash, a damaged file, a
// round that was left out), the next round is preceded by a line with the memory itself. It grows by segments that each
// begin with configuration and memory, so that the oldest can go.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "daemon/core/record/replay.hpp"

namespace ntpopt {

class TraceLog {
  public:
    static constexpr std::size_t kMaxRounds = 100;
    static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;
    static constexpr std::size_t kRoundsOfASegment = 20;
    /// A round with more is left out: a trace of it would cost a machine more than it tells.
    static constexpr std::size_t kMaxCandidates = 200;

    /// Null makes an empty log; Errc::parse where the document is not one of ours.
    /// The lines are moved in and out: there may be megabytes of them.
    [[nodiscard]] static Result<TraceLog> parse(Json document);
    [[nodiscard]] Json document() &&;

    /// A decision was made. What becomes of it is told by settle().
    void add_round(const DecidedRound& round);
    /// The round is over: `end` where its decision was not simply applied, and the memory as it is now.
    void settle(const std::optional<TraceEvent>& end, const SelectionState& after);
    /// Something was done to the memory between two rounds.
    void add_event(const TraceEvent& event, const SelectionState& before, const SelectionState& after);

    /// All lines, the oldest first; a replay of them makes the same decisions.
    [[nodiscard]] std::vector<std::string> lines() const;
    /// Whether the last round that ran is the last one in here.
    [[nodiscard]] bool has_last_round() const { return has_last_round_; }

  private:
    struct Segment {
        std::size_t rounds = 0;
        std::size_t bytes = 0;
        std::vector<std::string> lines;
    };

    void room_for(std::size_t bytes);
    void append(std::string line);
    static void append(Segment& segment, std::string line);
    void trim();
    [[nodiscard]] std::size_t size() const;

    std::vector<Segment> segments_;
    std::string config_;  ///< the configuration that the lines lead to, as a line
    std::string memory_;  ///< the fingerprint of the memory that they lead to; empty where that is not known
    bool open_ = false;   ///< the last round's end is not told yet
    bool has_last_round_ = false;
};

/// Which rounds of a trace are wanted.
struct TraceWindow {
    std::size_t rounds = std::numeric_limits<std::size_t>::max();  ///< the newest so many
    double since_s = 0;
    double until_s = std::numeric_limits<double>::infinity();
};

/// The part of a trace that has these rounds, beginning with the configuration and memory that they were made with.
[[nodiscard]] Result<std::vector<std::string>> cut_trace(const std::vector<std::string>& lines,
                                                         const TraceWindow& window);

}  // namespace ntpopt
