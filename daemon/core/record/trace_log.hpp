// The trace of the last rounds: what `ntpoptctl history --trace` exports. It is bounded, and what it says is true by
// construction: wherever the memory is not what the lines before lead to (a crash, a damaged file, a round that was
// left out), the next round is preceded by a line with the memory itself. It grows by segments that each begin with
// configuration and memory, so that the oldest can go. There may be megabytes of lines, so they are not here: this is
// the head of the trace, which says what to add to them and what to drop.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/json.hpp"
#include "daemon/core/record/replay.hpp"

namespace ntpopt {

/// What is to be done to the lines that are kept.
struct TraceChange {
    bool afresh = false;  ///< first of all, no line is left
    std::vector<std::uint64_t> dropped;                        ///< segments, with all their lines
    std::vector<std::pair<std::uint64_t, std::string>> added;  ///< behind all others: the segment and the line
};

class TraceLog {
  public:
    static constexpr std::size_t kMaxRounds = 100;
    static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;
    static constexpr std::size_t kRoundsOfASegment = 20;
    /// A round with more is left out: a trace of it would cost a machine more than it tells.
    static constexpr std::size_t kMaxCandidates = 200;

    /// Null makes an empty log, with nothing kept of it; Errc::parse where the document is not one of ours. That of the
    /// first version has the lines in itself: they are added.
    [[nodiscard]] static Result<TraceLog> parse(const Json& document);
    /// The head, for parse().
    [[nodiscard]] Json document() const;

    /// What is to be done since the last mark_kept().
    [[nodiscard]] const TraceChange& change() const { return change_; }
    void mark_kept() { change_ = {}; }
    /// Whether lines of this segment belong to the trace.
    [[nodiscard]] bool has_segment(std::uint64_t number) const;

    /// A decision was made. What becomes of it is told by settle().
    void add_round(const DecidedRound& round);
    /// The round is over: `end` where its decision was not simply applied, and the memory as it is now.
    void settle(const std::optional<TraceEvent>& end, const SelectionState& after);
    /// Something was done to the memory between two rounds.
    void add_event(const TraceEvent& event, const SelectionState& before, const SelectionState& after);

    /// Lets the oldest rounds go until the rest is no larger than this.
    void keep_within(std::size_t max_bytes);

    /// Whether the last round that ran is the last one in here.
    [[nodiscard]] bool has_last_round() const { return has_last_round_; }

  private:
    struct Segment {
        std::uint64_t number = 0;
        std::size_t rounds = 0;
        std::size_t bytes = 0;
    };

    void room_for(std::size_t bytes);
    void append(std::string line);

    std::vector<Segment> segments_;
    std::uint64_t next_segment_ = 1;
    TraceChange change_{.afresh = true, .dropped = {}, .added = {}};
    std::string config_;     ///< the configuration that the lines lead to, as a line
    std::string memory_;     ///< the fingerprint of the memory that they lead to; empty where that is not known
    bool open_ = false;      ///< the last round's end is not told yet
    bool left_out_ = false;  ///< the last line says that a round was left out
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
