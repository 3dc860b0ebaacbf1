// Implementation of explain.hpp.
#include "daemon/core/select/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace ntpopt {
namespace {

constexpr int kSteps = 24;  // of bisection: finer than any figure is measured
constexpr double kJustShort = 1e-3;

bool is_chosen(const Decision& decision, const Endpoint& endpoint) {
    return std::any_of(decision.selected.begin(), decision.selected.end(),
                       [&](const Choice& choice) { return choice.endpoint == endpoint; });
}

/// Asks the decision itself.
class Oracle {
  public:
    Oracle(const DecidedRound& round, const Endpoint& endpoint) : round_(round), endpoint_(endpoint) {}
    [[nodiscard]] bool chosen(const Supposition& supposition) const {
        const auto result =
            decide_supposing(round_.observations, round_.state, round_.config, round_.context, supposition);
        return is_chosen(result.decision, endpoint_);
    }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

  private:
    const DecidedRound& round_;
    const Endpoint& endpoint_;
};

/// One figure that could be better.
struct Figure {
    std::string_view name;
    std::string_view unit;
    double actual = 0;
    double perfect = 0;
    void (*suppose)(Supposition& supposition, double value);
};

/// The least improvement of one figure that gets the server chosen, rounded to what is surely enough; nothing where
/// even perfection does not do, or where the rounded figure cannot be told from one that fails.
std::optional<Counterfactual> find_turning_point(const Oracle& oracle, const Figure& figure) {
    const auto chosen_at = [&](double value) {
        Supposition supposition{.endpoint = oracle.endpoint()};
        figure.suppose(supposition, value);
        return oracle.chosen(supposition);
    };
    if (!chosen_at(figure.perfect)) return std::nullopt;
    double good = figure.perfect;
    double bad = figure.actual;
    for (int step = 0; step < kSteps; ++step) {
        const double middle = (good + bad) / 2;
        (chosen_at(middle) ? good : bad) = middle;
    }
    // Three digits are said; rounding goes towards the better side.
    const double size = std::max(std::abs(good), 1e-3);
    const double digit = std::pow(10, std::floor(std::log10(size)) - 2);
    const bool falling = figure.perfect < figure.actual;
    const double said = (falling ? std::floor(good / digit + 1e-9) : std::ceil(good / digit - 1e-9)) * digit;
    const double short_of = said + (falling ? 1 : -1) * std::max(2 * digit, kJustShort * size);
    if (!chosen_at(said) || chosen_at(short_of)) return std::nullopt;
    return Counterfactual{figure.name, figure.unit, said, figure.actual};
}

std::optional<Counterfactual> find_stratum(const Oracle& oracle, int actual) {
    for (int stratum = actual - 1; stratum >= 1; --stratum) {
        Supposition supposition{.endpoint = oracle.endpoint()};
        supposition.stratum = stratum;
        if (oracle.chosen(supposition)) return Counterfactual{"stratum", "", double(stratum), double(actual)};
    }
    return std::nullopt;
}

std::vector<Counterfactual> find_counterfactuals(const Oracle& oracle, const RankedServer& server) {
    std::vector<Counterfactual> out;
    const Figure figures[] = {
        {"jitter", "ms", server.smoothed_jitter_ms, 0, [](Supposition& s, double value) { s.jitter_ms = value; }},
        {"expected error", "ms", *server.error_ms, 0, [](Supposition& s, double value) { s.error_ms = value; }},
        {"reachability", "%", server.reachability, 100, [](Supposition& s, double value) { s.reachability = value; }}};
    for (const auto& figure : figures)
        if (figure.actual != figure.perfect)
            if (auto found = find_turning_point(oracle, figure)) out.push_back(*found);
    if (auto found = find_stratum(oracle, *server.stratum)) out.push_back(*found);
    return out;
}

std::string_view describe(Verdict gate) {
    switch (gate) {
        case Verdict::falseticker:
            return "distance from the consensus";
        case Verdict::convicted:
            return "conviction as falseticker";
        case Verdict::low_reachability:
            return "reachability";
        case Verdict::stratum_too_high:
            return "stratum";
        case Verdict::below_minimum:
            return "score";
        case Verdict::inaccurate:
            return "expected error";
        default:
            return name_of(gate);
    }
}

std::string with_unit(double value, std::string_view unit) {
    return unit.empty() ? fmt::format("{:.3g}", value) : fmt::format("{:.4g} {}", value, unit);
}

}  // namespace

Result<Explanation> explain_server(const DecidedRound& round, const Endpoint& endpoint) {
    const auto name = endpoint.text();
    const auto& servers = round.decision.servers;
    // The row that speaks for the name comes first: it has the rank, or the name's own verdict.
    auto found =
        std::find_if(servers.begin(), servers.end(), [&](const auto& one) { return one.name == name && one.rank; });
    if (found == servers.end())
        found = std::find_if(servers.begin(), servers.end(), [&](const auto& one) { return one.name == name; });
    if (found == servers.end()) return Error{Errc::not_found, fmt::format("{} was no candidate of this round", name)};
    Explanation out{.server = *found, .counterfactuals = {}};
    const auto& server = out.server;
    const bool measured = server.error_ms && server.stratum && !server.pool;
    if (measured && !is_chosen(round.decision, endpoint))
        out.counterfactuals = find_counterfactuals(Oracle(round, endpoint), server);
    return out;
}

std::vector<std::string> explain_round(const Decision& decision) {
    std::vector<std::string> out;
    const auto& consensus = decision.consensus;
    std::map<std::string_view, int> verdicts;
    for (const auto& server : decision.servers)
        ++verdicts[name_of(server.verdict)];
    std::string counts;
    for (const auto& [verdict, count] : verdicts)
        counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, verdict);
    out.push_back(fmt::format("{} servers were looked at: {}", decision.servers.size(), counts));
    if (consensus.found) {
        out.push_back(
            fmt::format("{:.3g} of {:.3g} independent votes{} agree that the local clock is {:.3f} ms off, between "
                        "{:.3f} and {:.3f} ms; the centre is known to {:.3f} ms",
                        consensus.votes, consensus.electorate, consensus.trusted ? " that trusted servers admit" : "",
                        consensus.centre_ms, consensus.low_ms, consensus.high_ms, consensus.error_ms));
        if (consensus.gate_ms)
            out.push_back(fmt::format(
                "to be chosen anew a server may have an expected error of {:.2f} ms, to stay 1.5 times that",
                *consensus.gate_ms));
    }
    for (const auto& choice : decision.selected)
        out.push_back(fmt::format("{}: expected error {:.2f} ms{}", choice.endpoint.text(), choice.error_s * 1e3,
                                  choice.pool ? fmt::format(", pool for {} places", choice.maxsources) : ""));
    // What came of a decision to change is the round's to tell.
    const auto decided = decision.outcome == Outcome::would_apply ? "to be changed" : name_of(decision.outcome);
    out.push_back(fmt::format("{}, confidence {}: {}", decided, name_of(decision.confidence), decision.reason));
    return out;
}

std::vector<std::string> render_explanation(const Explanation& explanation) {
    const auto& server = explanation.server;
    std::vector<std::string> out{fmt::format("{}: {}: {}", server.name, name_of(server.verdict), server.reason)};
    for (const auto& gate : server.gates)
        out.push_back(fmt::format("{}: {} is {}, to be {} {}", gate.passed ? "passed" : "failed", describe(gate.word),
                                  with_unit(gate.value, gate.unit), gate.at_least ? "at least" : "at most",
                                  with_unit(gate.limit, gate.unit)));
    if (server.score_parts) {
        const auto& parts = *server.score_parts;
        out.push_back(
            fmt::format("score {:.1f} from jitter {:.1f}, reachability {:.1f}, stratum {:.1f}, latency {:.1f}{}",
                        server.score.value_or(0), parts.jitter, parts.reachability, parts.stratum, parts.latency,
                        parts.regional_bonus ? ", with the bonus for the region" : ""));
    }
    for (const auto& counterfactual : explanation.counterfactuals)
        out.push_back(fmt::format("it would be chosen with {} {} {} (it has {})", counterfactual.figure,
                                  counterfactual.value < counterfactual.actual ? "of at most" : "of at least",
                                  with_unit(counterfactual.value, counterfactual.unit),
                                  with_unit(counterfactual.actual, counterfactual.unit)));
    return out;
}

}  // namespace ntpopt
