// How the optimizer keeps its trace: each decision, what became of it, and what was done to the memory between rounds,
// each with the memory itself. Where one of them was lost it is no harm: the trace notices that it does not fit.
#include <utility>

#include "daemon/engine/optimizer.hpp"

namespace ntpopt {
namespace {

/// What a replay has to be told of a round's end: that its decision was applied it takes for granted.
std::optional<TraceEvent> end_of(Outcome outcome, bool interrupted) {
    switch (outcome) {
        case Outcome::rolled_back:
        case Outcome::degraded:
            if (!interrupted) return TraceEvent{.kind = TraceEvent::Kind::rolled_back};
            [[fallthrough]];
        case Outcome::would_apply:
        case Outcome::refused:
        case Outcome::failed:
            return TraceEvent{.kind = TraceEvent::Kind::not_applied};
        case Outcome::applied:
        case Outcome::unchanged:
        case Outcome::no_consensus:
        case Outcome::no_usable_servers:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

void Optimizer::note_decided(const DecidedRound& round) {
    sought_last_round_ = true;
    last_round_.reset();
    if (round.observations.size() <= TraceLog::kMaxCandidates)
        last_round_ = RecordedRound{round.observations, round.state, round.config, round.context, round.decision};
    memory_.trace.add_round(round);
    round_in_trace_ = true;
}

/// `interrupted`: undone without a word on the servers. `next` is the memory that the round ended with; what was asked
/// meanwhile is done to it too.
void Optimizer::note_round_ended(Outcome outcome, bool interrupted, SelectionState next) {
    memory_.selection = std::move(next);
    if (std::exchange(round_in_trace_, false)) memory_.trace.settle(end_of(outcome, interrupted), memory_.selection);
    for (const auto& event : std::exchange(held_back_, {}))
        change_memory(event);
}

void Optimizer::change_memory(const TraceEvent& event) {
    const auto before = memory_.selection;
    memory_.selection = after_event(std::move(memory_.selection), event);
    memory_.trace.add_event(event, before, memory_.selection);
}

void Optimizer::change_selection(const TraceEvent& event) {
    const auto before = memory_.selection;
    if (change_open_ || (running_ && !running_->rollback)) {
        memory_.selection = after_event(std::move(memory_.selection), event);
        held_back_.push_back(event);
        auto open = change_open_ ? memory_.open_round() : std::nullopt;
        if (open) {
            open->events = held_back_;
            memory_.save_open_round(*open);
        }
    } else {
        change_memory(event);
    }
    memory_.save_selection();
    announce_blacklisted(before);
}

const RecordedRound* Optimizer::last_round() {
    if (!std::exchange(sought_last_round_, true) && memory_.trace.has_last_round()) {
        Replay replay;
        bool same = true;
        const auto read = memory_.for_each_line([&](const std::string& line) {
            const auto answer = replay.feed(line);
            same = answer && (answer->output.empty() ? same : !answer->differs);
            return answer.has_value();
        });
        // Decided otherwise by this version of ntpopt: an explanation of it would not be one of what happened.
        if (read && same) last_round_ = replay.last_round();
    }
    return last_round_ ? &*last_round_ : nullptr;
}

Result<std::vector<std::string>> Optimizer::trace(const TraceWindow& window) const {
    std::vector<std::string> lines;
    const auto read = memory_.for_each_line([&lines](std::string line) {
        lines.push_back(std::move(line));
        return true;
    });
    if (!read) return read.error();
    return cut_trace(lines, window);
}

}  // namespace ntpopt
