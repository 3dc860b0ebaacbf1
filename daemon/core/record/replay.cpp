// Implementation of replay.hpp.
#include "daemon/core/record/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "common/json.hpp"
#include "common/text.hpp"

namespace ntpopt {
namespace {

std::string json_text(std::string_view text) {
    return render_json(Json(text));
}

std::string digits(std::optional<double> number) {
    return number && std::isfinite(*number) ? fmt::format("{:.17g}", *number) : "null";
}

std::string render_server(const RankedServer& server) {
    return fmt::format(
        R"({{"name":{},"address":{},"verdict":"{}","reason":{},"rank":{},"score":{},"error_ms":{},"offset_ms":{},)"
        R"("delay_ms":{},"jitter_ms":{},"stratum":{},"reachability":{}}})",
        json_text(server.name), server.address ? json_text(server.address->text()) : "null", name_of(server.verdict),
        json_text(server.reason), server.rank ? std::to_string(*server.rank) : "null", digits(server.score),
        digits(server.error_ms), digits(server.offset_ms), digits(server.delay_ms), digits(server.jitter_ms),
        server.stratum ? std::to_string(*server.stratum) : "null", digits(server.reachability));
}

}  // namespace

std::string render_decision(double time_s, const Decision& decision) {
    std::string selected;
    for (const auto& choice : decision.selected)
        selected += (selected.empty() ? "" : ",") + json_text(choice.endpoint.text());
    std::vector<const RankedServer*> by_name;
    for (const auto& server : decision.servers)
        by_name.push_back(&server);
    std::stable_sort(by_name.begin(), by_name.end(), [](const auto* a, const auto* b) {
        return std::tie(a->name, a->address) < std::tie(b->name, b->address);
    });
    std::string servers;
    for (const auto* server : by_name)
        servers += (servers.empty() ? "" : ",") + render_server(*server);
    return fmt::format(R"({{"time_s":{},"confidence":"{}","outcome":"{}","reason":{},"selected":[{}],"servers":[{}]}})",
                       digits(time_s), name_of(decision.confidence), name_of(decision.outcome),
                       json_text(decision.reason), selected, servers);
}

std::string fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return fmt::format("{:016x}", hash);
}

SelectionState after_event(SelectionState state, const TraceEvent& event) {
    const double time_s = event.time_s.value_or(0);
    switch (event.kind) {
        case TraceEvent::Kind::rolled_back:
            return note_rolled_back(std::move(state), event.servers, time_s);
        case TraceEvent::Kind::not_applied:
            return commit(std::move(state), false);
        case TraceEvent::Kind::forgotten:
            return forget_selection(std::move(state));
        case TraceEvent::Kind::blacklist:
            return blacklist(std::move(state), event.server, event.until_s.value_or(kForever), time_s);
        case TraceEvent::Kind::unblacklist:
            return unblacklist(std::move(state), event.server);
        case TraceEvent::Kind::left_out:
            return state;
    }
    return state;
}

Result<Replay::Answer> Replay::feed(std::string_view line) {
    ++line_;
    if (trim(line).empty()) return Answer{};
    auto parsed = parse_trace_line(line);
    if (!parsed) return parsed.error().in(fmt::format("line {}", line_));
    return std::visit([this](auto&& value) { return take(std::forward<decltype(value)>(value)); }, *std::move(parsed));
}

Replay::Answer Replay::take(TraceRound round) {
    state_ = commit(std::move(state_), true);
    auto config = config_;
    for (auto& host : round.trusted)
        if (std::find(config.trusted.begin(), config.trusted.end(), host) == config.trusted.end())
            config.trusted.push_back(std::move(host));
    auto decided = decide(round.observations, state_, config, round.context);
    Answer answer{.output = render_decision(round.context.time_s, decided.decision)};
    answer.differs = !round.decided.empty() && round.decided != fingerprint(answer.output);
    last_round_ = RecordedRound{std::move(round.observations), std::exchange(state_, std::move(decided.next)),
                                std::move(config), std::move(round.context), std::move(decided.decision)};
    return answer;
}

Replay::Answer Replay::take(SelectionConfig config) {
    config_ = std::move(config);
    return {};
}

Replay::Answer Replay::take(TraceState state) {
    if (!state.continues) {
        state_ = std::move(state.state);
        return {};
    }
    state_.servers.merge(state.state.servers);
    state_.penalties.merge(state.state.penalties);
    state_.pools.merge(state.state.pools);
    // However many lines add to it, the memory keeps its bounds.
    forget_excess(state_);
    return {};
}

Replay::Answer Replay::take(TraceEvent event) {
    using Kind = TraceEvent::Kind;
    if (!event.time_s && last_round_) event.time_s = last_round_->context.time_s;
    if (event.kind == Kind::rolled_back && event.servers.empty() && last_round_)
        for (const auto& choice : last_round_->decision.selected)
            event.servers.push_back(choice.endpoint.text());
    const bool ends_badly = event.kind == Kind::rolled_back || event.kind == Kind::not_applied;
    state_ = after_event(ends_badly ? std::move(state_) : commit(std::move(state_), true), event);
    return {};
}

Status run_replay(const std::function<std::optional<std::string>()>& next,
                  const std::function<void(std::string_view line)>& print,
                  const std::function<void(std::string_view line)>& warn) {
    Replay replay;
    std::uint64_t number = 0;
    while (const auto line = next()) {
        ++number;
        const auto answer = replay.feed(*line);
        if (!answer) return answer.error();
        if (answer->output.empty()) continue;
        print(answer->output);
        if (answer->differs) warn(fmt::format("line {}: decided otherwise than when it was recorded", number));
    }
    return {};
}

}  // namespace ntpopt
