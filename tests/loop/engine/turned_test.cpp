// Servers in use whose names turn private.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "daemon/core/record/selection_state.hpp"
#include "life.hpp"

namespace ntpopt {
namespace {

using test::OptimizerTest;
using testing::HasSubstr;

/// A set of which some turn private after strangers named them once.
struct TurnedTest : OptimizerTest {
    std::string reason_of(const std::string& name) {
        for (const auto& server : get_array(ears.reports.back(), "servers"))
            if (get_string(server, "name") == name) return get_string(server, "reason");
        return "is not there";
    }
};

TEST_F(TurnedTest, ANameThatOnlyAListEverProposedLeadsToNothingPrivateWhenTheListIsGone) {
    for (auto& candidate : world.discoverer.found)
        candidate.source = candidate.endpoint.host.text() == "a.test"   ? CandidateSource::list
                           : candidate.endpoint.host.text() == "b.test" ? CandidateSource::dhcp
                           : candidate.endpoint.host.text() == "c.test" ? CandidateSource::list
                                                                        : CandidateSource::configured;
    make();
    live(1);
    const auto chosen = parse_selection_state(world.store.documents["selection"])->incumbents;
    const auto held = [&](std::string_view name) {
        return std::any_of(chosen.begin(), chosen.end(),
                           [&](const Incumbent& incumbent) { return incumbent.endpoint.text() == name; });
    };
    ASSERT_TRUE(held("a.test") && held("b.test") && held("c.test"));
    world.discoverer.found.clear();
    ServiceSource added;
    added.name = "c.test";  // by the administrator
    world.service.observation.sources.push_back(added);
    for (const auto* name : {"a.test", "b.test", "c.test"})
        world.resolver.addresses[name] = "10.0.0." + std::to_string(static_cast<int>(*name));
    for (int i = 0; i < 2; ++i) {
        static_cast<void>(make().reoptimize(true));
        live(1);
        EXPECT_THAT(reason_of("a.test"), HasSubstr("leads to the private address 10.0.0."));
        for (const auto* name : {"b.test", "c.test"})
            EXPECT_THAT(reason_of(name), testing::Not(HasSubstr("private")));
    }
}

}  // namespace
}  // namespace ntpopt
