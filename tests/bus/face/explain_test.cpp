// Explanations and traces made by the decision itself, over the bus: nothing of them is lost on the way.
#include "daemon/core/record/explanation.hpp"
#include "daemon/core/record/replay.hpp"
#include "tests/bus/face/face_fixture.hpp"
#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using test::Face;
using testing::Contains;
using testing::HasSubstr;

struct Explained : Face {
    Explained() {
        auto servers = world::honest(6);
        servers.push_back({.name = "noisy.test", .address = "127.8.1.1", .delay_ms = 5, .jitter_ms = 4});
        servers.push_back({.name = "liar.test", .address = "127.8.2.1", .offset_ms = 300});
        round.context.time_s = 1.8e9;
        round.observations = world::observe(servers);
        round.decision = decide(round.observations, round.state, round.config, round.context).decision;
    }

    Json explanation_of(const std::string& name) {
        control.explanation = to_json(explain_server(round.view(), Endpoint::parse(name).value()).value());
        auto heard = call<wire::Dict>("Explain", name).value().value;
        EXPECT_EQ(heard["sentences"], control.explanation["sentences"]);
        EXPECT_EQ(heard["server"]["gates"], control.explanation["server"]["gates"]);
        EXPECT_EQ(heard["counterfactuals"], control.explanation["counterfactuals"]);
        return heard;
    }

    RecordedRound round;
};

TEST_F(Explained, AServerHasItsGatesAndWhatWouldHaveToChange) {
    const auto noisy = explanation_of("noisy.test");
    EXPECT_THAT(noisy["sentences"].get<std::vector<std::string>>(), Contains(HasSubstr("to be at least 60 %")));
    ASSERT_FALSE(noisy["counterfactuals"].empty());
    const auto& one = noisy["counterfactuals"][0];
    EXPECT_EQ(get_string(one, "figure"), "jitter");
    EXPECT_LT(get_number(one, "value").value(), get_number(one, "actual").value());
    for (const auto* key : {"bound_ms", "smoothed_jitter_ms", "conviction"})
        EXPECT_TRUE(get_number(noisy["server"], key)) << key;
    for (const auto& gate : noisy["server"]["gates"])
        EXPECT_TRUE(get_bool(gate, "passed")) << gate;
}

TEST_F(Explained, ALiarHasTheGateThatItFailedAndNothingToHopeFor) {
    const auto liar = explanation_of("liar.test");
    EXPECT_TRUE(liar["counterfactuals"].empty());
    const auto& gate = liar["server"]["gates"].back();
    EXPECT_EQ(get_string(gate, "gate"), "falseticker");
    EXPECT_FALSE(get_bool(gate, "passed", true));
    EXPECT_GT(get_number(gate, "value").value(), get_number(gate, "limit").value());
}

TEST_F(Explained, ATraceArrivesAsItWasWritten) {
    const auto line = render_trace_round(round.observations, round.config, round.context, "");
    control.history_document = Json::array({Json{{"line", line}}});
    const auto rows = call<wire::Rows>("GetHistory", wire::Dict(Json{{"trace", true}})).value().value;
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(get_string(rows[0], "line"), line);
    EXPECT_EQ(Replay().feed(get_string(rows[0], "line")).value().output,
              render_decision(round.context.time_s, round.decision));
}

}  // namespace
}  // namespace ntpopt
