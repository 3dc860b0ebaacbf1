// Implementation of memory.hpp: which document holds what.
#include "daemon/engine/memory.hpp"

#include <fmt/format.h>

#include <utility>

#include "daemon/core/record/selection_state.hpp"

namespace ntpopt {
namespace {

constexpr std::string_view kSelection = "selection";
constexpr std::string_view kLastRun = "last-run";
constexpr std::string_view kOverrides = "overrides";
constexpr std::string_view kOpenRound = "open-round";
constexpr std::string_view kTrace = "trace";

}  // namespace

Memory::Memory(Store& store, Trouble trouble) : store_(store), trouble_(std::move(trouble)) {
    if (auto state = parse_selection_state(load(kSelection)))
        selection = *std::move(state);
    else if (!load(kSelection).is_null())
        trouble_("selection memory is damaged, starting afresh: " + state.error().detail);
    last_run = load(kLastRun);
    last_run_id = static_cast<std::uint64_t>(get_integer(last_run, "run_id").value_or(0));
    const auto overrides = load(kOverrides);
    if (const auto text = get_string(overrides, "interval"); !text.empty()) {
        if (const auto parsed = parse_duration(text))
            interval = *parsed;
        else
            trouble_("override of schedule.interval is damaged: " + parsed.error().detail);
    }
}

void Memory::save_selection() {
    save(kSelection, to_json(selection));
}

void Memory::save_last_run() {
    save(kLastRun, last_run);
}

void Memory::save_overrides() {
    Json overrides = Json::object();
    if (interval) overrides["interval"] = render_duration(*interval);
    save(kOverrides, overrides);
}

std::optional<OpenRound> Memory::open_round() {
    const auto document = load(kOpenRound);
    if (!document.is_object() || document.empty()) return std::nullopt;
    auto if_applied = parse_selection_state(get_object(document, "if_applied"));
    auto otherwise = parse_selection_state(get_object(document, "otherwise"));
    if (!if_applied || !otherwise) {
        trouble_("record of the open round is damaged; its end is unknown");
        close_open_round();
        return std::nullopt;
    }
    OpenRound open{get_object(document, "report"),
                   static_cast<std::uint64_t>(get_integer(document, "after").value_or(0)), *std::move(if_applied),
                   *std::move(otherwise)};
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
    save(kOpenRound, Json{{"report", round.report},
                          {"after", round.after},
                          {"if_applied", to_json(round.if_applied)},
                          {"otherwise", to_json(round.otherwise)},
                          {"events", std::move(events)}});
}

void Memory::close_open_round() {
    save(kOpenRound, Json::object());
}

TraceLog Memory::load_trace() {
    auto trace = TraceLog::parse(load(kTrace));
    if (trace) return *std::move(trace);
    trouble_(trace.error().detail);
    return {};
}

void Memory::save_trace(TraceLog trace) {
    save(kTrace, std::move(trace).document());
}

Json Memory::load(std::string_view name) {
    auto document = store_.load(name);
    if (document) return *std::move(document);
    trouble_(document.error().detail);
    return nullptr;
}

void Memory::save(std::string_view name, const Json& document) {
    if (auto saved = store_.save(name, document); !saved)
        trouble_(fmt::format("cannot remember {}: {}", name, saved.error().detail));
}

}  // namespace ntpopt
