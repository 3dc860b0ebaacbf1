// Explanations: gates and parts with their numbers, and counterfactuals that are true.
#include "daemon/core/select/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using namespace world;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct Scene {
    Machine machine;
    std::vector<Observation> observations;
    DecisionResult result;

    explicit Scene(const std::vector<Server>& servers, Machine before = {})
        : machine(std::move(before)),
          observations(observe(servers)),
          result(decide(observations, machine.state, machine.config, machine.context)) {}
    [[nodiscard]] DecidedRound round() const {
        return {observations, machine.state, machine.config, machine.context, result.decision};
    }
    [[nodiscard]] Explanation of(const char* name) const { return *explain_server(round(), *Endpoint::parse(name)); }
};

std::vector<Server> with_noisy() {
    auto servers = honest(5);
    servers.push_back({.name = "noisy.test", .address = "127.8.1.1", .delay_ms = 5, .jitter_ms = 4});
    return servers;
}

TEST(Explain, SaysWhatWouldHaveToChange) {
    const Scene scene(with_noisy());
    const auto explanation = scene.of("noisy.test");
    ASSERT_FALSE(explanation.counterfactuals.empty());
    EXPECT_THAT(render_explanation(explanation), Contains(HasSubstr("it would be chosen with ")));
    EXPECT_THAT(render_explanation(explanation), Contains("passed: stratum is 2, to be at least 1"));
    EXPECT_THAT(render_explanation(explanation), Contains(HasSubstr(" ms, to be at most ")));
}

TEST(Explain, ChosenServersNeedNothingAndStrangersAreNotFound) {
    const Scene scene(with_noisy());
    EXPECT_THAT(scene.of("good1.test").counterfactuals, IsEmpty());
    EXPECT_EQ(explain_server(scene.round(), *Endpoint::parse("stranger.test")).error().code, Errc::not_found);
}

TEST(Explain, TheGateIsALittleMoreThanTheErrorOfTheFourthBest) {
    // 1.25 times, or 0.15 ms more, whichever is more: near servers need not be told apart below what noise allows.
    for (const double delay_ms : {4.0, 400.0}) {
        auto servers = honest(6);
        for (auto& server : servers)
            server.delay_ms *= delay_ms / 10;
        const Scene scene(servers);
        std::vector<double> errors;
        for (const auto& server : scene.result.decision.servers)
            errors.push_back(*server.error_ms);
        std::sort(errors.begin(), errors.end());
        EXPECT_NEAR(*scene.result.decision.consensus.gate_ms, std::max(1.25 * errors[3], errors[3] + 0.15), 1e-9);
        EXPECT_EQ(1.25 * errors[3] > errors[3] + 0.15, delay_ms > 100) << "both arms are tried";
    }
}

TEST(Explain, NoFigureMakesALiarTrue) {
    auto servers = honest(5);
    servers.push_back({.name = "liar.test", .address = "127.8.1.1", .offset_ms = 700});
    const Scene scene(servers);
    EXPECT_THAT(scene.of("liar.test").counterfactuals, IsEmpty());
    EXPECT_THAT(render_explanation(scene.of("liar.test")), Contains(HasSubstr("failed: distance from the consensus")));
}

TEST(Explain, CounterfactualsFlipTheDecisionAndJustShortOfThemDoNot) {
    int checked = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        Dice dice(seed);
        Machine machine;
        machine.config.sources = dice.roll(2, 5);
        if (dice.chance(0.5)) machine.round(random_servers(dice, 12));
        const Scene scene(random_servers(dice, 12), machine);
        for (const auto& server : scene.result.decision.servers) {
            const auto endpoint = *Endpoint::parse(server.name);
            const auto explanation = explain_server(scene.round(), endpoint);
            ASSERT_TRUE(explanation);
            for (const auto& [figure, unit, value, actual] : explanation->counterfactuals) {
                const auto chosen_at = [&, name = figure](double number) {
                    Supposition supposition{.endpoint = endpoint};
                    if (name == "jitter") supposition.jitter_ms = number;
                    if (name == "expected error") supposition.error_ms = number;
                    if (name == "reachability") supposition.reachability = number;
                    if (name == "stratum") supposition.stratum = static_cast<int>(number);
                    const auto again = decide_supposing(scene.observations, scene.machine.state, scene.machine.config,
                                                        scene.machine.context, supposition);
                    return chose(again.decision, endpoint.text());
                };
                EXPECT_TRUE(chosen_at(value)) << seed << ' ' << server.name << ' ' << figure;
                const double step = figure == "stratum" ? 1 : std::max(0.03 * std::abs(value), 2e-5);
                EXPECT_FALSE(chosen_at(value < actual ? value + step : value - step))
                    << seed << ' ' << server.name << ' ' << figure << ' ' << value;
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 50);
}

TEST(Explain, TheRoundIsTold) {
    const Scene scene(with_noisy());
    const auto lines = explain_round(scene.result.decision);
    EXPECT_THAT(lines, Contains(HasSubstr("6 of 6 independent votes agree")));
    EXPECT_THAT(lines, Contains(HasSubstr("expected error of")));
    EXPECT_THAT(lines.back(), HasSubstr("to be changed, confidence high"));
}

}  // namespace
}  // namespace ntpopt
