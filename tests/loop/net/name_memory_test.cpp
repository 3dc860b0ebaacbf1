// NameMemory: nobody is asked twice within the hour, whatever the answer was.
#include "daemon/io/net/name_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "memory_cache.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;

class FakeSource final : public NameSource {
  public:
    std::vector<std::string> asked;
    Families routed;
    std::map<std::string, std::string> hosts;
    Result<NameAnswer> answer = NameAnswer{{*Address::parse("192.0.2.1")}, 60};
    Result<std::vector<SrvRecord>> records = std::vector<SrvRecord>{{1, 2, 123, "ntp.corp.example"}};

    std::optional<Result<NameAnswer>> local(const HostName& name, Families) override {
        const auto found = hosts.find(name.text());
        if (found == hosts.end()) return std::nullopt;
        return NameAnswer{{*Address::parse(found->second)}, 0};
    }
    [[nodiscard]] Families worth_asking(Families families) override {
        return {families.ipv4 && routed.ipv4, families.ipv6 && routed.ipv6};
    }
    asio::awaitable<Result<NameAnswer>> lookup(HostName name, Families families, Duration) override {
        asked.push_back(name.text() + (!families.ipv6 ? " 4" : !families.ipv4 ? " 6" : ""));
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        co_return answer;
    }
    asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration) override {
        asked.push_back("srv " + domain.text());
        co_return records;
    }
};

class SetClock final : public Clock {
  public:
    RealTime time = RealTime(500'000h);
    [[nodiscard]] RealTime now() const override { return time; }
    [[nodiscard]] Duration since_boot() const override { return 1h; }
    [[nodiscard]] double random() override { return 0.5; }
};

struct NameMemoryTest : testing::Test {
    asio::io_context io{1};
    FakeSource source;
    test::MemoryCache cache;
    SetClock clock;
    NameMemory names{source, cache, clock};

    std::string ask(const std::string& name, int times = 1, Families families = {}) {
        std::string out;
        for (int i = 0; i < times; ++i)
            asio::co_spawn(io, names.resolve(*HostName::parse(name), families, 5s),
                           [&](std::exception_ptr, Result<std::vector<Address>> result) {
                               out = result ? (result->empty() ? "empty" : result->front().text())
                                            : result.error().detail;
                           });
        io.restart();
        io.run();
        return out;
    }
};

TEST_F(NameMemoryTest, AsksOnceAnHour) {
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    clock.time += 59min;
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    EXPECT_EQ(source.asked.size(), 1U);
    clock.time += 1min;
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    EXPECT_EQ(source.asked.size(), 2U);
    EXPECT_THAT(names.known(*HostName::parse("a.example")), ElementsAre(*Address::parse("192.0.2.1")));
    EXPECT_TRUE(names.known(*HostName::parse("b.example")).empty());
    EXPECT_EQ(source.asked.size(), 2U) << "known() asks nobody";
}

TEST_F(NameMemoryTest, APoolThatHasTurnedIsItsNewMembersAfterTheHourAndNoneOfTheOldOnes) {
    EXPECT_EQ(ask("2.asia.pool.ntp.org"), "192.0.2.1");
    source.answer = NameAnswer{{*Address::parse("198.51.100.1"), *Address::parse("198.51.100.2")}, 60};
    clock.time += 59min;
    EXPECT_EQ(ask("2.asia.pool.ntp.org"), "192.0.2.1") << "until then those of before count";
    clock.time += 1min;
    EXPECT_EQ(ask("2.asia.pool.ntp.org"), "198.51.100.1");
    EXPECT_THAT(names.known(*HostName::parse("2.asia.pool.ntp.org")),
                ElementsAre(*Address::parse("198.51.100.1"), *Address::parse("198.51.100.2")));
    clock.time += 2h;
    source.answer = Error{Errc::timeout, "no name server answered in time"};
    EXPECT_EQ(ask("2.asia.pool.ntp.org"), "198.51.100.1") << "the last answer, not an older one";
}

TEST_F(NameMemoryTest, AnAnswerHoldsForItsTimeToLiveWhereThatIsLonger) {
    source.answer = NameAnswer{{*Address::parse("192.0.2.1")}, 3 * 3600};
    ask("a.example");
    clock.time += 179min;
    ask("a.example");
    EXPECT_EQ(source.asked.size(), 1U);
    clock.time += 1min;
    ask("a.example");
    EXPECT_EQ(source.asked.size(), 2U);
}

TEST_F(NameMemoryTest, OneQuestionServesAllWhoAskAtTheSameTime) {
    EXPECT_EQ(ask("a.example", 5), "192.0.2.1");
    EXPECT_EQ(source.asked.size(), 1U);
}

TEST_F(NameMemoryTest, AQuestionThatTheEndOfTheProcessCutShortIsNotAskedAgain) {
    ask("known.example");
    clock.time += 2h;
    {
        asio::io_context first{1};
        NameMemory before(source, cache, clock);
        for (const auto* name : {"known.example", "new.example"})
            asio::co_spawn(first, before.resolve(*HostName::parse(name), {}, 5s), asio::detached);
        first.run_one();
        first.run_one();
    }
    clock.time += 10min;
    EXPECT_EQ(ask("known.example"), "192.0.2.1") << "what was known counts on";
    EXPECT_EQ(ask("new.example"), "ntpoptd ended before an answer came (asked 10 min ago; once an hour is enough)");
    EXPECT_THAT(source.asked, ElementsAre("known.example", "known.example", "new.example"));
    clock.time += 50min;
    EXPECT_EQ(ask("new.example"), "192.0.2.1");
}

TEST_F(NameMemoryTest, ARestartIsNoReasonToAskAgain) {
    ask("a.example");
    NameMemory after(source, cache, clock);
    asio::co_spawn(io, after.resolve(*HostName::parse("a.example"), {}, 5s),
                   [](std::exception_ptr, const auto& result) { EXPECT_TRUE(result); });
    io.restart();
    io.run();
    EXPECT_EQ(source.asked.size(), 1U);
}

TEST_F(NameMemoryTest, ANetworkThatChangesEveryTenMinutesAsksForNoNameTwiceWithinTheHour) {
    const std::vector<Error> failures{{Errc::timeout, "no name server answered in time"},
                                      {Errc::io, "the name servers could not answer"},
                                      {Errc::not_found, "the name does not exist"}};
    for (const auto& failure : failures) {
        const auto name = "a" + std::to_string(source.asked.size()) + ".example";
        const auto before = source.asked.size();
        source.answer = failure;
        EXPECT_EQ(ask(name), failure.detail);
        for (int i = 1; i <= 5; ++i) {
            clock.time += 10min;
            names.network_changed();
            EXPECT_EQ(ask(name),
                      failure.detail + " (asked " + std::to_string(10 * i) + " min ago; once an hour is enough)");
        }
        EXPECT_EQ(source.asked.size(), before + 1);
        clock.time += 10min;
        source.answer = NameAnswer{{*Address::parse("192.0.2.2")}, 60};
        EXPECT_EQ(ask(name), "192.0.2.2");
    }
}

TEST_F(NameMemoryTest, WhatNoNameServerGotIsAskedAgainOnceTheNetworkIsAnother) {
    source.answer = Error{Errc::unavailable, "no name server can be reached"};
    EXPECT_EQ(ask("a.example"), "no name server can be reached");
    clock.time += 1min;
    EXPECT_EQ(ask("a.example"), "no name server can be reached (asked 1 min ago; once an hour is enough)");
    EXPECT_EQ(source.asked.size(), 1U) << "the network is the same";
    names.network_changed();
    source.answer = NameAnswer{{*Address::parse("192.0.2.2")}, 60};
    EXPECT_EQ(ask("a.example"), "192.0.2.2");
    clock.time += 1min;
    names.network_changed();
    EXPECT_EQ(ask("a.example"), "192.0.2.2");
    EXPECT_EQ(source.asked.size(), 2U) << "what was answered holds in the other network, too";
}

TEST_F(NameMemoryTest, DeadNameServersLeaveTheAnswerOfBefore) {
    ask("a.example");
    clock.time += 2h;
    source.answer = Error{Errc::timeout, "no name server answered in time"};
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    clock.time += 24h;
    EXPECT_EQ(ask("a.example"), "no name server answered in time");
}

TEST_F(NameMemoryTest, TheHostsFileCountsAtOnce) {
    source.answer = Error{Errc::not_found, "the name does not exist"};
    EXPECT_EQ(ask("a.example"), "the name does not exist");
    source.hosts["a.example"] = "10.0.0.1";
    EXPECT_EQ(ask("a.example"), "10.0.0.1");
    EXPECT_EQ(source.asked.size(), 1U);
}

TEST_F(NameMemoryTest, OtherFamiliesAreAnotherQuestion) {
    source.answer = NameAnswer{{*Address::parse("2001:db8::1")}, 86400};
    ask("a.example");
    source.answer = NameAnswer{{*Address::parse("192.0.2.1")}, 86400};
    EXPECT_EQ(ask("a.example", 1, {true, false}), "192.0.2.1");
    EXPECT_THAT(source.asked, ElementsAre("a.example", "a.example 4"));
}

TEST_F(NameMemoryTest, WhatAnotherNetworkSaidOfBothFamiliesHoldsForAnHourInThisOne) {
    source.answer = NameAnswer{{*Address::parse("192.0.2.1"), *Address::parse("2001:db8::1")}, 86400};
    ask("a.example");
    source.routed = {true, false};
    names.network_changed();
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    source.routed = {true, true};
    names.network_changed();
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    EXPECT_THAT(source.asked, ElementsAre("a.example"));
    clock.time += 3601s;
    source.routed = {true, false};
    names.network_changed();
    source.answer = NameAnswer{{*Address::parse("192.0.2.2")}, 86400};
    EXPECT_EQ(ask("a.example"), "192.0.2.2") << "what this network says";
}

TEST_F(NameMemoryTest, AnAnswerOfANetworkOfTheOtherFamilyDoesNotHoldInThisOne) {
    source.routed = {false, true};
    source.answer = NameAnswer{{*Address::parse("2001:db8::1")}, 86400};
    EXPECT_EQ(ask("a.example"), "2001:db8::1");
    source.routed = {true, false};
    source.answer = NameAnswer{{*Address::parse("192.0.2.1")}, 86400};
    names.network_changed();
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
    source.routed = {false, true};
    names.network_changed();
    EXPECT_EQ(ask("a.example"), "2001:db8::1");
    EXPECT_THAT(source.asked, ElementsAre("a.example 6", "a.example 4")) << "what each of them said still holds";
}

TEST_F(NameMemoryTest, ServiceRecordsAreRememberedLikewise) {
    const auto ask_services = [&] {
        Result<std::vector<SrvRecord>> out = Error{};
        asio::co_spawn(io, names.services(*HostName::parse("corp.example"), 5s),
                       [&](std::exception_ptr, Result<std::vector<SrvRecord>> found) { out = std::move(found); });
        io.restart();
        io.run();
        return out;
    };
    EXPECT_EQ(ask_services()->front().target, "ntp.corp.example");
    clock.time += 10min;
    EXPECT_EQ(ask_services()->front().target, "ntp.corp.example");
    EXPECT_EQ(source.asked.size(), 1U);
    source.records = Error{Errc::not_found, "the name does not exist"};
    clock.time += 2h;
    EXPECT_EQ(ask_services().error().code, Errc::not_found);
    clock.time += 10min;
    EXPECT_EQ(ask_services().error().code, Errc::not_found);
    EXPECT_EQ(source.asked.size(), 2U);
}

TEST_F(NameMemoryTest, ADamagedMemoryIsNoMemory) {
    cache.put(CachedAnswer{"a.example", "aaaaa", {"[1, 2]"}, {}, {}});
    EXPECT_EQ(ask("a.example"), "192.0.2.1");
}

}  // namespace
}  // namespace ntpopt
