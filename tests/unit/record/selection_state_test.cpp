// The decision's memory survives the way to JSON and back bit by bit, and damaged documents are refused by name.
#include "daemon/core/record/selection_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

SelectionState lived() {
    world::Machine machine;
    auto servers = world::honest(6);
    servers.push_back({.name = "dead.test", .address = "127.8.1.1", .answers = 0});
    servers.push_back({.name = "p.test", .address = "127.7.1.1", .pool = true});
    servers.push_back({.name = "v6.test", .address = "2001:db8::1", .offset_ms = 0.1});
    for (int i = 0; i < 4; ++i)
        machine.round(servers);
    machine.state = blacklist(machine.state, "good6.test", kForever, machine.context.time_s);
    return machine.state;
}

TEST(SelectionState, SurvivesTheWayToJsonAndBack) {
    const auto state = lived();
    ASSERT_FALSE(state.servers.empty() || state.penalties.empty() || state.pools.empty() || state.incumbents.empty());
    const auto text = render_json(to_json(state));
    const auto again = parse_selection_state(*parse_json(text));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(*again, state);
    EXPECT_EQ(render_json(to_json(*again)), text);
}

TEST(SelectionState, EmptyDocumentIsAnEmptyMemory) {
    EXPECT_EQ(*parse_selection_state(Json::object()), SelectionState{});
}

TEST(SelectionState, RefusesDamagedDocuments) {
    const std::pair<const char*, const char*> cases[] = {
        {R"([])", "document"},
        {R"({"servers":[]})", "servers"},
        {R"({"servers":{"a b":{}}})", "not a server"},
        {R"({"servers":{"192.0.2.1:123":[]}})", "192.0.2.1:123"},
        {R"({"servers":{"192.0.2.1:123":{"weight":"much"}}})", "weight"},
        {R"({"servers":{"192.0.2.1:123":{"weight":-1}}})", "weight"},
        {R"({"servers":{"192.0.2.1:123":{"sent":1e300}}})", "sent"},
        {R"({"penalties":{"a":{"failures":2.5}}})", "failures"},
        {R"({"penalties":{"a":{"failures":-2}}})", "failures"},
        {R"({"incumbents":[{}]})", "incumbents"},
        {R"({"incumbents":[{"name":"a\nb"}]})", "incumbents"},
        {R"({"incumbents":[{"name":"a","timescale":"tai"}]})", "timescale"},
        {R"({"incumbents":[{"name":"a","address":"x"}]})", "address"},
        {R"({"incumbents":[{"name":"a","maxsources":1e10}]})", "maxsources"},
        {R"({"incumbents":[1]})", "incumbents"},
    };
    for (const auto& [text, place] : cases) {
        const auto state = parse_selection_state(*parse_json(text));
        ASSERT_FALSE(state) << text;
        EXPECT_THAT(state.error().detail, testing::HasSubstr(place)) << text;
    }
}

TEST(SelectionState, RefusesMoreThanItWouldRemember) {
    auto servers = Json::object();
    for (std::size_t i = 0; i <= kMaxRemembered; ++i)
        servers["h" + std::to_string(i)] = Json::object();
    EXPECT_FALSE(parse_selection_state({{"servers", servers}}));
    auto incumbents = Json::array();
    for (int i = 0; i < 17; ++i)
        incumbents.push_back({{"name", "h" + std::to_string(i)}});
    EXPECT_FALSE(parse_selection_state({{"incumbents", incumbents}}));
}

}  // namespace
}  // namespace ntpopt
