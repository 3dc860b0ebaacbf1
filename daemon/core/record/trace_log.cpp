// Implementation of trace_log.hpp.
#include "daemon/core/record/trace_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/core/record/selection_state.hpp"

namespace ntpopt {
namespace {

std::string fingerprint_of(const SelectionState& state) {
    return fingerprint(render_json(to_json(state)));
}

/// As this file's own writer begins it; whole lines need not be parsed to find a few of them.
constexpr std::string_view kRoundBegins = "{\"time_s\":";

bool is_round(const std::string& line) {
    return line.starts_with(kRoundBegins);
}

double time_of_round(const std::string& line) {
    double time_s = 0;
    std::from_chars(line.data() + kRoundBegins.size(), line.data() + line.size(), time_s);
    return time_s;
}

std::string left_out_line(double time_s) {
    return render_trace_event({.kind = TraceEvent::Kind::left_out, .time_s = time_s});
}

}  // namespace

Result<TraceLog> TraceLog::parse(const Json& document) {
    TraceLog out;
    if (document.is_null()) return out;
    const Error damaged{Errc::parse, "the trace of the last rounds is damaged; a new one is begun"};
    const auto format = get_integer(document, "format");
    if (!document.is_object() || (format != 1 && format != 2)) return damaged;
    out.config_ = get_string(document, "config");
    out.memory_ = get_string(document, "memory");
    out.open_ = get_bool(document, "open");
    out.left_out_ = get_bool(document, "left_out");
    out.has_last_round_ = get_bool(document, "has_last_round");
    const auto segments = document.find("segments");
    if (segments == document.end() || !segments->is_array()) return damaged;
    out.change_.afresh = format == 1;
    for (const auto& segment : *segments) {
        Segment read{out.next_segment_, 0, 0};
        if (format == 2) {
            const auto number = get_integer(segment, "number");
            const auto rounds = get_integer(segment, "rounds");
            const auto bytes = get_integer(segment, "bytes");
            if (!number || !rounds || !bytes || *number < 1 || *rounds < 0 || *bytes < 0) return damaged;
            read = {static_cast<std::uint64_t>(*number), static_cast<std::size_t>(*rounds),
                    static_cast<std::size_t>(*bytes)};
        }
        out.next_segment_ = std::max(out.next_segment_, read.number + 1);
        out.segments_.push_back(read);
        if (format == 2) continue;
        for (const auto& line : get_array(segment, "lines")) {
            if (!line.is_string()) return damaged;
            out.append(line.get<std::string>());
        }
    }
    return out;
}

Json TraceLog::document() const {
    auto segments = Json::array();
    for (const auto& segment : segments_)
        segments.push_back(Json{{"number", segment.number}, {"rounds", segment.rounds}, {"bytes", segment.bytes}});
    return Json{{"format", 2},
                {"config", config_},
                {"memory", memory_},
                {"open", open_},
                {"left_out", left_out_},
                {"has_last_round", has_last_round_},
                {"segments", std::move(segments)}};
}

bool TraceLog::has_segment(std::uint64_t number) const {
    return std::any_of(segments_.begin(), segments_.end(),
                       [number](const Segment& segment) { return segment.number == number; });
}

/// Begins a new segment where the last is full.
void TraceLog::room_for(std::size_t bytes) {
    const bool full = segments_.empty() || segments_.back().rounds >= kRoundsOfASegment ||
                      segments_.back().bytes + bytes > kMaxBytes / 4;
    if (!full) return;
    segments_.push_back({next_segment_++, 0, 0});
    config_.clear();
    memory_.clear();
}

void TraceLog::append(std::string line) {
    auto& segment = segments_.back();
    if (is_round(line)) ++segment.rounds;
    segment.bytes += line.size();
    left_out_ = false;
    change_.added.emplace_back(segment.number, std::move(line));
}

void TraceLog::keep_within(std::size_t max_bytes) {
    std::size_t rounds = 0;
    std::size_t bytes = 0;
    for (const auto& segment : segments_) {
        rounds += segment.rounds;
        bytes += segment.bytes;
    }
    while (!segments_.empty() && (rounds > kMaxRounds || bytes > max_bytes)) {
        const auto gone = segments_.front();
        segments_.erase(segments_.begin());
        rounds -= gone.rounds;
        bytes -= gone.bytes;
        change_.dropped.push_back(gone.number);
        std::erase_if(change_.added, [&gone](const auto& line) { return line.first == gone.number; });
    }
    if (!segments_.empty()) return;
    memory_.clear();
    has_last_round_ = false;
}

void TraceLog::add_round(const DecidedRound& round) {
    // A round whose end was never told left no trace in the memory.
    if (std::exchange(open_, false)) memory_.clear();
    has_last_round_ = round.observations.size() <= kMaxCandidates;
    if (!has_last_round_) {
        if (segments_.empty()) room_for(0);
        memory_.clear();
        if (left_out_) return;
        append(left_out_line(round.context.time_s));
        left_out_ = true;
        return;
    }
    const auto decided = fingerprint(render_decision(round.context.time_s, round.decision));
    auto line = render_trace_round(round.observations, round.config, round.context, decided);
    room_for(line.size());
    if (auto config = render_trace_config(round.config); config != config_) {
        append(config);
        config_ = std::move(config);
    }
    if (fingerprint_of(round.state) != memory_)
        for (auto& part : render_trace_state(round.state))
            append(std::move(part));
    append(std::move(line));
    open_ = true;
    keep_within(kMaxBytes);
}

void TraceLog::settle(const std::optional<TraceEvent>& end, const SelectionState& after) {
    if (!std::exchange(open_, false) || segments_.empty()) return;
    if (end) append(render_trace_event(*end));
    memory_ = fingerprint_of(after);
}

void TraceLog::add_event(const TraceEvent& event, const SelectionState& before, const SelectionState& after) {
    const bool follows = !open_ && !memory_.empty() && fingerprint_of(before) == memory_;
    // What happened where the trace knows nothing of the memory is in the memory's line before the next round.
    if (!follows) {
        memory_.clear();
        return;
    }
    auto line = render_trace_event(event);
    room_for(line.size());
    if (memory_.empty())
        for (auto& part : render_trace_state(before))
            append(std::move(part));
    append(std::move(line));
    memory_ = fingerprint_of(after);
    keep_within(kMaxBytes);
}

Result<std::vector<std::string>> cut_trace(const std::vector<std::string>& lines, const TraceWindow& window) {
    std::vector<std::size_t> wanted;  // the rounds' lines
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!is_round(lines[i])) continue;
        const double time_s = time_of_round(lines[i]);
        if (time_s >= window.since_s && time_s < window.until_s) wanted.push_back(i);
    }
    if (wanted.empty() || window.rounds == 0) return std::vector<std::string>();
    const auto first = wanted[wanted.size() - std::min(wanted.size(), window.rounds)];
    // What belongs to the last round goes with it: everything up to the next round.
    auto last = wanted.back() + 1;
    while (last < lines.size() && !is_round(lines[last]))
        ++last;
    Replay before;
    bool begins_whole = true;
    for (std::size_t i = 0; i < first; ++i) {
        if (auto played = before.feed(lines[i]); !played) return played.error();
        begins_whole = begins_whole && !is_round(lines[i]);
    }
    std::vector<std::string> out;
    if (begins_whole) {
        out.assign(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(first));
    } else {
        out.push_back(render_trace_config(before.config()));
        for (auto& part : render_trace_state(before.state()))
            out.push_back(std::move(part));
    }
    out.insert(out.end(), lines.begin() + static_cast<std::ptrdiff_t>(first),
               lines.begin() + static_cast<std::ptrdiff_t>(last));
    return out;
}

}  // namespace ntpopt
