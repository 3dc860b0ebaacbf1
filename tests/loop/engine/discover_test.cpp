// The first stages of a round: partial failures, deadlines, private answers, sparse zones.
#include <gmock/gmock.h>

#include <algorithm>
#include <optional>

#include "daemon/ports/gather.hpp"
#include "fakes.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::FakeWorld;
using testing::HasSubstr;

/// Answers with what the test sets, several addresses a name.
class ManyResolver final : public Resolver {
  public:
    std::map<std::string, std::vector<std::string>> addresses;
    asio::awaitable<Result<std::vector<Address>>> resolve(HostName name, Families, Duration) override {
        std::vector<Address> out;
        for (const auto& text : addresses[name.text()])
            out.push_back(*Address::parse(text));
        if (out.empty()) co_return Error{Errc::not_found, "no such name"};
        co_return out;
    }
};

struct DiscoverStages : testing::Test {
    FakeWorld world;
    ManyResolver resolver;

    RoundReport run() {
        RoundRequest request;
        request.config = world.config;
        Round::Hooks hooks;
        hooks.progress = [](Stage, std::size_t, std::size_t) {};
        hooks.observed = [](const ServiceObservation&) {};
        hooks.before_change = [](const OpenRound&) {};
        const RoundPorts ports{{&world.discoverer}, world.place, resolver, world.prober, world.service, world.clock};
        Round round(ports, request, hooks);
        RoundReport report;
        asio::co_spawn(world.io, round.run(),
                       [&](std::exception_ptr, RoundResult done) { report = std::move(done.report); });
        world.io.run();
        return report;
    }

    void offer(const std::string& name, CandidateSource source, const std::string& region = "") {
        Candidate candidate{*Endpoint::parse(name), source};
        candidate.pool = source == CandidateSource::pool_zone;
        candidate.region = region;
        world.discoverer.found.push_back(candidate);
    }

    static std::string verdict_of(const RoundReport& report, const std::string& name) {
        for (const auto& server : report.servers)
            if (server.name == name) return std::string(name_of(server.verdict)) + ": " + server.reason;
        return "is not there";
    }
};

TEST_F(DiscoverStages, WhatFailedInPartIsNamedInTheReport) {
    world.discoverer.notes = {"https://lists.example/a: timed out\n", "the copy of 3h ago is used"};
    const auto report = run();
    EXPECT_THAT(report.stages.front().detail,
                HasSubstr("; fake: https://lists.example/a: timed out\\x0a; fake: the copy of 3h"));
}

/// Never finds anything and never gives up by itself.
class HangingDiscoverer final : public Discoverer {
  public:
    [[nodiscard]] std::string_view name() const override { return "hanging"; }
    asio::awaitable<Result<Discovered>> discover(Config, ServiceObservation) override {
        asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
        co_return Discovered();
    }
};

TEST_F(DiscoverStages, ADiscovererThatHangsIsGivenUpAndTheOthersCount) {
    HangingDiscoverer hanging;
    Round::Hooks hooks;
    hooks.progress = [](Stage, std::size_t, std::size_t) {};
    hooks.observed = [](const ServiceObservation&) {};
    hooks.before_change = [](const OpenRound&) {};
    auto ports = world.ports();
    ports.discoverers.insert(ports.discoverers.begin(), {&hanging, &hanging});
    ports.discover_deadline = 50ms;
    RoundRequest request;
    request.config = world.config;
    Round round(ports, request, hooks);
    RoundReport report;
    asio::co_spawn(world.io, round.run(),
                   [&](std::exception_ptr, RoundResult done) { report = std::move(done.report); });
    world.io.run();
    EXPECT_THAT(report.stages.front().detail, HasSubstr("hanging failed (took longer than 50ms), hanging failed (took "
                                                        "longer than 50ms), fake 5"));
    EXPECT_EQ(report.outcome, Outcome::applied);
}

TEST_F(DiscoverStages, APublicNameThatLeadsIntoAPrivateNetworkIsRefusedUnlessConfigured) {
    world.discoverer.found.clear();
    offer("list.example", CandidateSource::list);
    offer("both.example", CandidateSource::catalogue);
    offer("mine.example", CandidateSource::configured);
    offer("10.0.0.9", CandidateSource::list);
    resolver.addresses = {{"list.example", {"192.168.1.1", "::1"}},
                          {"both.example", {"10.0.0.1", "198.51.100.1"}},
                          {"mine.example", {"10.0.0.2"}}};
    const auto report = run();
    EXPECT_EQ(verdict_of(report, "list.example"),
              "unresolved: leads to the private address 192.168.1.1, which only a configured server may");
    EXPECT_THAT(verdict_of(report, "both.example"), HasSubstr("unreachable")) << "its public address is asked";
    EXPECT_THAT(verdict_of(report, "mine.example"), HasSubstr("unreachable"));
    EXPECT_THAT(verdict_of(report, "10.0.0.9"), HasSubstr("not_probed"));
    for (const auto& server : report.servers)
        EXPECT_NE(server.address ? server.address->text() : "", "10.0.0.1");
}

TEST_F(DiscoverStages, APublicNameThatTurnsPrivateIsRefusedAlsoWhereItIsInUse) {
    world.discoverer.found.clear();
    offer("chosen.example", CandidateSource::catalogue);
    offer("chosen.example", CandidateSource::current);
    offer("base.example", CandidateSource::list);
    offer("base.example", CandidateSource::current);
    offer("lease.example", CandidateSource::list);
    offer("lease.example", CandidateSource::dhcp);
    for (const auto* name : {"chosen.example", "base.example"}) {
        ServiceSource source;
        source.name = name;
        source.ours = source.name == "chosen.example";
        world.service.observation.sources.push_back(source);
    }
    resolver.addresses = {
        {"chosen.example", {"192.168.1.1"}}, {"base.example", {"192.168.1.2"}}, {"lease.example", {"192.168.1.3"}}};
    const auto report = run();
    EXPECT_THAT(verdict_of(report, "chosen.example"), HasSubstr("leads to the private address 192.168.1.1"));
    EXPECT_THAT(verdict_of(report, "base.example"), HasSubstr("unreachable"));
    EXPECT_THAT(verdict_of(report, "lease.example"), HasSubstr("unreachable"));
}

TEST_F(DiscoverStages, AZoneWithTooFewServersWidensToItsContinent) {
    world.discoverer.found.clear();
    offer("2.lk.pool.ntp.org", CandidateSource::pool_zone, "asia/lk");
    offer("2.asia.pool.ntp.org", CandidateSource::pool_zone, "asia");
    resolver.addresses = {{"2.lk.pool.ntp.org", {"198.51.101.1", "198.51.101.2"}},
                          {"2.asia.pool.ntp.org", {"198.51.100.1", "203.0.113.1", "198.51.102.1", "198.51.103.1"}}};
    const auto report = run();
    EXPECT_EQ(verdict_of(report, "2.lk.pool.ntp.org"),
              "not_probed: too few servers in this zone; 2.asia.pool.ntp.org stands in");
    EXPECT_THAT(verdict_of(report, "2.asia.pool.ntp.org"), HasSubstr("unreachable"));
    resolver.addresses["2.asia.pool.ntp.org"].clear();
    world.io.restart();
    EXPECT_THAT(verdict_of(run(), "2.lk.pool.ntp.org"), HasSubstr("unreachable")) << "the only zone there is";
}

asio::awaitable<Result<int>> stubborn(bool* ended) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    asio::steady_timer timer(co_await asio::this_coro::executor, 1s);
    co_await timer.async_wait(asio::use_awaitable);
    *ended = true;
    co_return 1;
}

asio::awaitable<Result<int>> quick() {
    co_return 7;
}

asio::awaitable<Result<int>> throwing() {
    throw std::runtime_error("a bug");
    co_return 0;
}

TEST(WithDeadline, IsOverInTimeEvenWhereTheWorkIsStubborn) {
    asio::io_context io(1);
    bool ended = false;
    std::vector<Result<int>> results;
    bool told_first = false;
    const auto note = [&](std::exception_ptr, Result<int> result) {
        told_first = told_first || !ended;
        results.push_back(std::move(result));
    };
    asio::co_spawn(io, with_deadline(stubborn(&ended), 20ms), note);
    io.run();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].error(), (Error{Errc::timeout, "took longer than 20ms"}));
    EXPECT_TRUE(told_first);
    EXPECT_TRUE(ended) << "the work itself came to its end later";
}

TEST(WithDeadline, PassesOnWhatTheWorkSays) {
    asio::io_context io(1);
    std::vector<Result<int>> results;
    const auto note = [&](std::exception_ptr, Result<int> result) { results.push_back(std::move(result)); };
    asio::co_spawn(io, with_deadline(quick(), 10s), note);
    asio::co_spawn(io, with_deadline(throwing(), 10s), note);
    io.run();
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(*results[0], 7);
    EXPECT_EQ(results[1].error(), (Error{Errc::internal, "a bug"}));
}

}  // namespace
}  // namespace ntpopt
