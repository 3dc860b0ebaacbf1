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

/// A memory as full as it may be, all of it from shortly before now.
SelectionState full(double now_s) {
    SelectionState state;
    for (std::size_t i = 0; i < kMaxRemembered; ++i) {
        const double seen_s = now_s - 2.0 * static_cast<double>(kMaxRemembered - i);
        state.servers["10.0.0.1:" + std::to_string(i + 1)].updated_s = seen_s;
        state.penalties["h" + std::to_string(i)].touched_s = seen_s;
    }
    return state;
}

TEST(SelectionState, MemoryThatIsFullSurvivesARestartAfterEveryEvent) {
    world::Machine machine;
    const double now_s = machine.context.time_s;
    machine.state = full(now_s);
    machine.round(world::honest(6));
    const auto silent = world::with(world::honest(6), {{.name = "dead.test", .address = "127.8.1.1", .answers = 0}});
    const auto decided = decide(world::observe(silent), full(now_s), machine.config, machine.context).next;
    const auto barred = blacklist(full(now_s), "bad.test", kForever, now_s);
    const auto undone = note_rolled_back(full(now_s), {"a.test", "b.test"}, now_s);
    for (const auto& state : {machine.state, decided, barred, undone}) {
        const auto again = parse_selection_state(to_json(state));
        ASSERT_TRUE(again) << again.error().detail;
        EXPECT_EQ(*again, state);
        EXPECT_LE(state.servers.size(), kMaxRemembered);
        EXPECT_LE(state.penalties.size(), kMaxRemembered);
    }
    EXPECT_FALSE(machine.state.incumbents.empty());
    EXPECT_TRUE(machine.state.servers.contains("127.1.1.1:123"));
    EXPECT_TRUE(decided.penalties.contains("dead.test"));
    EXPECT_FALSE(decided.penalties.contains("h0"));
    EXPECT_TRUE(barred.penalties.contains("bad.test"));
    EXPECT_TRUE(undone.penalties.contains("a.test") && undone.penalties.contains("b.test"));
}

TEST(SelectionState, OfMoreThanIsKeptTheYoungestAreRead) {
    auto servers = Json::object();
    for (std::size_t i = 0; i <= kMaxRemembered; ++i)
        servers["h" + std::to_string(i)] = {{"updated_s", 1.8e9 - static_cast<double>(i)}};
    const auto read = parse_selection_state({{"servers", servers}, {"incumbents", {{{"name", "a.test"}}}}});
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->servers.size(), kMaxRemembered);
    EXPECT_FALSE(read->servers.contains("h" + std::to_string(kMaxRemembered)));
    EXPECT_EQ(read->incumbents.size(), 1U);
}

TEST(SelectionState, RefusesASetLargerThanAnyIs) {
    auto incumbents = Json::array();
    for (int i = 0; i < 17; ++i)
        incumbents.push_back({{"name", "h" + std::to_string(i)}});
    EXPECT_FALSE(parse_selection_state({{"incumbents", incumbents}}));
}

}  // namespace
}  // namespace ntpopt
