// The order of asking, and what is remembered of names.
#include "daemon/core/discover/explore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daemon/core/discover/name_record.hpp"
#include "daemon/core/discover/pool_zones.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAre;
using S = CandidateSource;
constexpr double kNow = 1.8e9;

struct World {
    SelectionState state;
    std::map<std::string, std::string> addresses;
    std::vector<Candidate> candidates;

    void add(const std::string& name, S source) {
        candidates.push_back({.endpoint = *Endpoint::parse(name), .source = source});
    }
    void seen(const std::string& name, double bias_ms, double age_rounds, double conviction = 0) {
        addresses[name] = "192.0.2." + std::to_string(addresses.size() + 1);
        auto& history = state.servers[addresses[name]];
        history.weight = 4;
        history.bias_ms = bias_ms;
        history.conviction = conviction;
        history.updated_s = kNow - age_rounds * 21600;
    }
    std::vector<std::string> order() const {
        const KnownAddresses known = [this](const Host& host) {
            const auto found = addresses.find(host.text());
            return found == addresses.end() ? std::vector<Address>()
                                            : std::vector<Address>{*Address::parse(found->second)};
        };
        std::vector<std::string> out;
        for (const auto& candidate : order_to_ask(candidates, state, known, kNow))
            out.push_back(candidate.endpoint.text());
        return out;
    }
};

TEST(Explore, AsksIncumbentsThenMineThenTheNewThenTheMostPromising) {
    World world;
    for (const char* name : {"bad.x", "good.x", "old.x", "liar.x", "held.x", "new1.x", "new2.x"})
        world.add(name, S::catalogue);
    world.add("mine.x", S::configured);
    world.seen("bad.x", 9, 1);
    world.seen("good.x", 0.5, 1);
    world.seen("old.x", 9, 3000);
    world.seen("liar.x", 0.5, 1, 1);
    world.seen("held.x", 30, 1);
    world.seen("mine.x", 50, 1);
    const Incumbent held{*Endpoint::parse("held.x"), false, 0, Timescale::utc, std::nullopt};
    world.state.incumbents.push_back(held);
    EXPECT_THAT(world.order(),
                ElementsAre("held.x", "mine.x", "new1.x", "new2.x", "old.x", "good.x", "bad.x", "liar.x"));
}

TEST(Explore, AListOfStrangersTakesTurnsWithTheKnown) {
    World world;
    for (int i = 0; i < 100; ++i)
        world.add("s" + std::to_string(i) + ".x", S::list);
    for (const char* name : {"a.x", "b.x", "c.x"}) {
        world.add(name, S::catalogue);
        world.seen(name, 1, 1);
    }
    const auto order = world.order();
    ASSERT_EQ(order.size(), 103U);
    EXPECT_THAT(std::vector<std::string>(order.begin(), order.begin() + 6),
                ElementsAre("a.x", "s0.x", "b.x", "s1.x", "c.x", "s2.x"));
}

TEST(Explore, FailuresCostAndTimeHeals) {
    EXPECT_DOUBLE_EQ(explore_index(-2, 0.5, 0, 0, 0), 2);
    EXPECT_DOUBLE_EQ(explore_index(2, 0.5, 3, 0.5, 0), 24);
    EXPECT_DOUBLE_EQ(explore_index(2, 0.5, 0, 0, 4), 0.5);
    EXPECT_DOUBLE_EQ(explore_index(2, 0.5, 0, 0, 400), 0);
    World world;
    world.add("dead.x", S::catalogue);
    world.add("alive.x", S::catalogue);
    world.seen("alive.x", 1, 1);
    world.state.penalties["dead.x"] = {.failures = 2, .touched_s = kNow - 21600};
    EXPECT_THAT(world.order(), ElementsAre("alive.x", "dead.x")) << "a name that never resolved was asked, too";
}

TEST(Explore, PoolsCountByWhatTheirMembersWere) {
    World world;
    world.add("bad.pool", S::pool_zone);
    world.add("good.pool", S::pool_zone);
    world.state.pools["bad.pool"] = {.weight = 2, .error_sum_ms = 20, .error_sum2_ms2 = 200, .updated_s = kNow};
    world.state.pools["good.pool"] = {.weight = 2, .error_sum_ms = 2, .error_sum2_ms2 = 2, .updated_s = kNow};
    EXPECT_THAT(world.order(), ElementsAre("good.pool", "bad.pool"));
}

TEST(SparseZone, HasFewerThanFourNetworks) {
    const auto zone = [](std::initializer_list<const char*> texts) {
        std::vector<Address> out;
        for (const char* text : texts)
            out.push_back(*Address::parse(text));
        return is_sparse_zone(out);
    };
    EXPECT_FALSE(zone({"192.0.2.1", "192.0.3.1", "192.0.4.1", "192.0.5.1"}));
    EXPECT_TRUE(zone({"192.0.2.1", "192.0.2.2", "192.0.3.1", "192.0.4.1"}));
    EXPECT_TRUE(zone({"192.0.2.1", "192.0.3.1", "2001:db8:1::1", "2001:db8:2::1"})) << "two servers of two families";
    EXPECT_FALSE(zone({"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1", "2001:db8:4::1"}));
    EXPECT_TRUE(zone({}));
    const auto zones = pool_zone_candidates({"asia", "lk"}, "");
    EXPECT_EQ(wider_zone(zones[0]), "2.asia.pool.ntp.org");
    EXPECT_EQ(wider_zone(zones[1]), "");
    EXPECT_EQ(wider_zone(zones[2]), "");
}

const std::vector<Address> kTwo{*Address::parse("192.0.2.1"), *Address::parse("2001:db8::1")};

TEST(NameRecord, CountsForItsTtlButAtLeastAnHourAndAtMostADay) {
    for (const auto& [ttl, until] : {std::pair{0.0, 3600.0}, {60.0, 3600.0}, {7200.0, 7200.0}, {1e9, 86400.0}}) {
        const auto record = note_answer({kTwo, ttl}, kNow);
        EXPECT_FALSE(may_ask(record, kNow + until - 1)) << ttl;
        EXPECT_TRUE(may_ask(record, kNow + until)) << ttl;
        EXPECT_EQ(*recall(record, kNow + until - 1), kTwo) << ttl;
    }
    EXPECT_TRUE(may_ask(note_answer({kTwo, 60}, kNow), kNow - 10)) << "the clock was set back";
}

TEST(NameRecord, ServersThatFailLeaveTheLastAnswerForADayAndANoDoesNot) {
    const auto good = note_answer({kTwo, 60}, kNow);
    const auto failed = note_failure(good, {Errc::timeout, "no name server answered in time"}, kNow + 7200);
    EXPECT_EQ(*recall(failed, kNow + 7200), kTwo);
    EXPECT_FALSE(may_ask(failed, kNow + 7200 + 3599));
    EXPECT_EQ(recall(failed, kNow + 86400 + 60).error().code, Errc::timeout);
    const auto gone = note_failure(good, {Errc::not_found, "the name does not exist"}, kNow + 7200);
    EXPECT_EQ(recall(gone, kNow + 7200).error().detail, "the name does not exist");
    EXPECT_EQ(recall(gone, kNow + 7200 + 600).error().detail,
              "the name does not exist (asked 10 min ago; once an hour is enough)");
}

TEST(NameRecord, SurvivesItsDocumentAndRefusesOthers) {
    for (const auto& record : {note_answer({kTwo, 60}, kNow), note_failure({}, {Errc::timeout, "silence"}, kNow),
                               note_failure({}, {Errc::unavailable, "no way"}, kNow)}) {
        const auto read = parse_name_record(to_json(record));
        ASSERT_TRUE(read);
        EXPECT_EQ(to_json(*read), to_json(record));
        EXPECT_EQ(read->code, record.code);
    }
    EXPECT_FALSE(parse_name_record(Json(nullptr)));
    EXPECT_FALSE(parse_name_record(Json::array()));
    EXPECT_FALSE(parse_name_record({{"asked_s", 0}, {"until_s", 1e12}})) << "would never be asked again";
    EXPECT_TRUE(parse_name_record({{"asked_s", 0}, {"until_s", 5}, {"addresses", {"x", 7}}})->addresses.empty());
}

}  // namespace
}  // namespace ntpopt
