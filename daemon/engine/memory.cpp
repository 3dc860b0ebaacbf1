// Implementation of memory.hpp: which document holds what.
#include "daemon/engine/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/core/record/selection_state.hpp"

namespace ntpopt {
namespace {

constexpr std::string_view kSelection = "selection";
constexpr std::string_view kOverrides = "overrides";
constexpr std::string_view kOpenRound = "open-round";
constexpr std::string_view kTrace = "trace";
constexpr std::string_view kRounds = "rounds";

RoundsSoFar parse_rounds(const Json& document) {
    RoundsSoFar rounds;
    rounds.began_s = get_number(document, "began_s").value_or(0);
    rounds.open = get_bool(document, "open");
    rounds.useless = static_cast<int>(std::clamp<std::int64_t>(get_integer(document, "useless").value_or(0), 0, 1000));
    rounds.tokens = get_number(document, "tokens").value_or(kMostTokens);
    rounds.lived_s = std::max(get_number(document, "lived_s").value_or(0), 0.0);
    return rounds;
}

}  // namespace

std::uint64_t run_id_of(const Json& document) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(get_integer(document, "run_id").value_or(0), 0));
}

Memory::Memory(Store& store, Trouble trouble) : store_(store), trouble_(std::move(trouble)) {
    const auto remembered = load(kSelection);
    if (auto state = parse_selection_state(remembered))
        selection = *std::move(state);
    else if (!remembered.is_null())
        trouble_("selection memory is damaged, starting afresh: " + state.error().detail);
    if (auto last = store_.last_round())
        last_run = *std::move(last);
    else
        trouble_(last.error().detail);
    if (auto kept = TraceLog::parse(load(kTrace)))
        trace = *std::move(kept);
    else
        trouble_(kept.error().detail);
    const auto so_far = load(kRounds);
    rounds = parse_rounds(so_far);
    // The run whose change is open is not recorded yet, and one in which the process died never is.
    last_run_id = std::max({run_id_of(last_run), run_id_of(so_far), run_id_of(get_object(load(kOpenRound), "report"))});
    if (const auto text = get_string(load(kOverrides), "interval"); !text.empty()) {
        if (const auto parsed = parse_duration(text))
            interval = *parsed;
        else
            trouble_("override of schedule.interval is damaged: " + parsed.error().detail);
    }
}

Status Memory::record_round(const HistoryConfig& limits, std::optional<RealTime> now) {
    trace.keep_within(std::min<std::uint64_t>(TraceLog::kMaxBytes, limits.max_size / 4));
    Remembered what;
    what.documents.emplace_back(kSelection, to_json(selection));
    what.documents.emplace_back(kOpenRound, nullptr);
    what.documents.emplace_back(kRounds, rounds_so_far());
    // With every round once more, so that what a full disk refused is not lost for good.
    what.documents.emplace_back(kOverrides, overrides());
    what.round = last_run;
    what.limits = limits;
    what.now = now;
    return save(std::move(what));
}

void Memory::put_rows_aside(const std::vector<std::string>& names) {
    const auto rows = last_run.find("servers");
    if (rows == last_run.end() || rows->size() <= kRowsInMemory) return;
    Json kept = Json::array();
    for (auto& row : *rows)
        if (std::find(names.begin(), names.end(), get_string(row, "name")) != names.end())
            kept.push_back(std::move(row));
    *rows = std::move(kept);
    last_run_aside_ = get_integer(last_run, "run_id");
}

Result<Json> Memory::whole_last_run() const {
    const auto run_id = get_integer(last_run, "run_id");
    if (!last_run_aside_ || last_run_aside_ != run_id) return last_run;
    auto stored = store_.last_round();
    if (stored && get_integer(*stored, "run_id") != run_id)
        return Error{Errc::not_found, "the rows of the last run are not remembered any more"};
    return stored;
}

void Memory::save_selection() {
    try_to_save(kSelection, to_json(selection));
}

void Memory::save_rounds() {
    try_to_save(kRounds, rounds_so_far());
}

Json Memory::rounds_so_far() const {
    return {{"run_id", last_run_id},     {"began_s", rounds.began_s}, {"open", rounds.open},
            {"useless", rounds.useless}, {"tokens", rounds.tokens},   {"lived_s", rounds.lived_s}};
}

void Memory::save_overrides() {
    try_to_save(kOverrides, overrides());
}

Json Memory::overrides() const {
    if (!interval) return nullptr;
    return Json{{"interval", render_duration(*interval)}};
}

std::optional<OpenRound> Memory::open_round() {
    const auto document = load(kOpenRound);
    if (!document.is_object() || document.empty()) return std::nullopt;
    auto if_applied = parse_selection_state(get_object(document, "if_applied"));
    // An earlier ntpopt did not tell these two apart.
    const bool told = document.contains("if_untried");
    auto if_untried = parse_selection_state(get_object(document, told ? "if_untried" : "otherwise"));
    auto otherwise = parse_selection_state(get_object(document, "otherwise"));
    if (!if_applied || !if_untried || !otherwise) {
        trouble_("record of the open round is damaged; its end is unknown");
        try_to_save(kOpenRound, nullptr);
        return std::nullopt;
    }
    OpenRound open{get_object(document, "report"),
                   static_cast<std::uint64_t>(get_integer(document, "after").value_or(0)), *std::move(if_applied),
                   *std::move(if_untried), *std::move(otherwise)};
    for (const auto& line : get_array(document, "events")) {
        const auto parsed = parse_trace_line(line.is_string() ? line.get_ref<const std::string&>() : std::string());
        if (parsed && std::holds_alternative<TraceEvent>(*parsed))
            open.events.push_back(std::get<TraceEvent>(*parsed));
        else
            trouble_("something that was asked during the open round cannot be read and is lost");
    }
    return open;
}

void Memory::save_open_round(const OpenRound& round) {
    auto events = Json::array();
    for (const auto& event : round.events)
        events.push_back(render_trace_event(event));
    try_to_save(kOpenRound, Json{{"report", round.report},
                                 {"after", round.after},
                                 {"if_applied", to_json(round.if_applied)},
                                 {"if_untried", to_json(round.if_untried)},
                                 {"otherwise", to_json(round.otherwise)},
                                 {"events", std::move(events)}});
}

Status Memory::for_each_line(const std::function<bool(std::string line)>& take) const {
    bool more = true;
    auto read = store_.trace([&](std::uint64_t segment, std::string line) {
        if (!trace.change().afresh && trace.has_segment(segment)) more = take(std::move(line));
        return more;
    });
    for (const auto& [segment, line] : trace.change().added)
        if (more) more = take(line);
    return read;
}

Json Memory::load(std::string_view name) {
    auto document = store_.load(name);
    if (document) return *std::move(document);
    trouble_(document.error().detail);
    return nullptr;
}

/// What waits of the trace goes with it; where it cannot, it waits on.
Status Memory::save(Remembered what) {
    what.trace = &trace.change();
    what.documents.emplace_back(kTrace, trace.document());
    auto saved = store_.save(what);
    if (saved) trace.mark_kept();
    problem_ = saved ? std::string() : saved.error().detail;
    return saved;
}

void Memory::try_to_save(std::string_view name, Json document) {
    Remembered what;
    what.documents.emplace_back(name, std::move(document));
    if (auto saved = save(std::move(what)); !saved)
        trouble_(fmt::format("cannot remember {}: {}", name, saved.error().detail));
}

}  // namespace ntpopt
