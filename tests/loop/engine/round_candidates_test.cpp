// Whom a round asks: the budget of addresses, and who comes first.
#include "tests/loop/engine/round_fixture.hpp"

namespace ntpopt {
namespace {

using test::RoundTest;
using testing::Contains;
using testing::HasSubstr;

TEST_F(RoundTest, CandidatesBeyondTheBudgetAreNotProbed) {
    world.config.probe.max_candidates = 3;
    const auto result = run();
    std::vector<std::string> left_out;
    for (const auto& server : result.report.servers)
        if (server.verdict == Verdict::not_probed && server.name != "old.test") left_out.push_back(server.name);
    EXPECT_THAT(left_out, testing::ElementsAre("d.test", "e.test"));
}

TEST_F(RoundTest, AnAddressOfAFamilyThatIsOffIsNotAsked) {
    world.config.probe.ipv6 = false;
    world.discoverer.found.push_back({*Endpoint::parse("2001:db8::1"), CandidateSource::dhcp});
    const auto report = run().report;
    const auto row = std::find_if(report.servers.begin(), report.servers.end(),
                                  [](const auto& server) { return server.name == "2001:db8::1"; });
    ASSERT_NE(row, report.servers.end());
    EXPECT_EQ(row->verdict, Verdict::not_probed);
    EXPECT_THAT(row->reason, HasSubstr("probe.families"));
}

TEST_F(RoundTest, WhoIsNotOnTheWhitelistIsNeitherAskedNorCountedAgainstTheBudget) {
    request.state = run().next;
    world.config.selection.whitelist = {"d.test", "192.0.2.0/24"};
    world.config.probe.max_candidates = 1;
    const auto report = run().report;
    ASSERT_EQ(world.prober.asked.size(), 1U);
    EXPECT_EQ(world.prober.asked.front().address.text(), world.resolver.addresses.at("d.test"));
    for (const auto& server : report.servers)
        EXPECT_EQ(server.verdict == Verdict::not_whitelisted, server.name != "d.test") << server.name;
}

TEST_F(RoundTest, OneCandidateThatIsAPoolGetsFourServersAsked) {
    world.config.probe.max_candidates = 1;
    world.discoverer.found.front().pool = true;
    world.resolver.more["a.test"] = {"192.0.101.1", "192.0.102.1", "192.0.103.1"};
    run();
    EXPECT_EQ(world.prober.asked.size(), 1U);
    world.config.probe.max_candidates = 20;
    run();
    EXPECT_EQ(world.prober.asked.size(), 4U + 4U) << "four of the pool, and four servers";
}

TEST_F(RoundTest, APoolsOwnRowSaysThatNobodyAnswered) {
    world.discoverer.found.front().pool = true;
    const auto report = to_json(run().report);
    int rows = 0;
    for (const auto& row : get_array(report, "servers")) {
        rows += get_bool(row, "pool") ? 1 : 0;
        EXPECT_EQ(row["reachability"].is_null(), get_bool(row, "pool") && get_string(row, "address").empty()) << row;
    }
    EXPECT_EQ(rows, 2) << "the pool and its member";
}

TEST_F(RoundTest, TwentyNamesOfBothFamiliesGetFortyServersAsked) {
    for (int i = 0; i < 20; ++i) {
        const auto name = "dual" + std::to_string(i) + ".test";
        world.add(name, 0.0);
        world.resolver.more[name] = {"2001:db8:" + std::to_string(i) + "::1"};
    }
    const auto result = run();
    EXPECT_EQ(world.prober.asked.size(), 20U);
    const auto& servers = result.report.servers;
    EXPECT_EQ(std::count_if(servers.begin(), servers.end(),
                            [](const auto& server) { return server.reason == "beyond max_candidates = 20"; }),
              25 - 5 - 8)
        << "five names of one address, seven of two, one of which only one address was left for";
}

TEST_F(RoundTest, NoServerOfTheSetInUseGoesWithoutSinceAnotherHasManyAddresses) {
    request.state = run().next;
    world.config.probe.max_candidates = 4;
    for (const auto& incumbent : request.state.incumbents) {
        const auto name = incumbent.endpoint.host.text();
        world.resolver.more[name] = {"2001:db8:" + std::to_string(world.resolver.more.size()) + "::1"};
    }
    const auto second = run();
    EXPECT_EQ(world.prober.asked.size(), 4U);
    for (const auto& incumbent : second.next.incumbents)
        EXPECT_EQ(incumbent.missed, 0) << incumbent.endpoint.text();
}

TEST_F(RoundTest, AHostThatServesOnTwoPortsIsAskedTwiceAsOften) {
    world.discoverer.found.push_back(Candidate{*Endpoint::parse("a.test:1123")});
    const auto result = run();
    EXPECT_EQ(world.prober.asked.size(), 5U);
    EXPECT_THAT(result.report.servers,
                Contains(testing::AllOf(testing::Field(&RankedServer::name, "a.test:1123"),
                                        testing::Field(&RankedServer::verdict, Verdict::not_probed),
                                        testing::Field(&RankedServer::reason, HasSubstr("asked on another port")))));
}

TEST_F(RoundTest, TheSetInUseIsAskedFirstWhateverTheDiscoverersSay) {
    request.state = run().next;
    world.discoverer.found.erase(world.discoverer.found.begin(), world.discoverer.found.begin() + 4);
    world.config.probe.max_candidates = 4;
    const auto second = run();
    EXPECT_EQ(second.report.outcome, Outcome::unchanged) << second.report.reason;
    for (const auto& incumbent : second.next.incumbents)
        EXPECT_EQ(incumbent.missed, 0) << incumbent.endpoint.text();
}

}  // namespace
}  // namespace ntpopt
