// Implementation of explanation.hpp.
#include "daemon/core/record/explanation.hpp"

#include "daemon/core/record/round_report.hpp"

namespace ntpopt {
namespace {

Json to_json(const Gate& gate) {
    return Json{{"gate", name_of(gate.word)},
                {"passed", gate.passed},
                {"value", number_or_null(gate.value)},
                {"limit", number_or_null(gate.limit)},
                {"unit", gate.unit},
                {"wanted", gate.at_least ? "at least" : "at most"}};
}

Json to_json(const Counterfactual& one) {
    return Json{{"figure", one.figure}, {"unit", one.unit}, {"value", one.value}, {"actual", one.actual}};
}

}  // namespace

Json to_json(const Explanation& explanation) {
    const auto& ranked = explanation.server;
    auto server = to_json(ranked);
    auto gates = Json::array();
    for (const auto& gate : ranked.gates)
        gates.push_back(to_json(gate));
    server["gates"] = std::move(gates);
    server["bound_ms"] = number_or_null(ranked.bound_ms);
    server["smoothed_jitter_ms"] = ranked.jitter_ms ? number_or_null(ranked.smoothed_jitter_ms) : Json(nullptr);
    server["conviction"] = number_or_null(ranked.conviction);
    // What would have to change stands in a list of its own, where programs find the numbers.
    const auto sentences = render_explanation({.server = ranked, .counterfactuals = {}});
    auto counterfactuals = Json::array();
    for (const auto& one : explanation.counterfactuals)
        counterfactuals.push_back(to_json(one));
    return Json{
        {"server", std::move(server)}, {"sentences", sentences}, {"counterfactuals", std::move(counterfactuals)}};
}

}  // namespace ntpopt
