// The parts that a decision is made of, each alone: patterns, groups, agreement, centre, history, penalties, pools,
// time scales.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "daemon/core/select/consensus.hpp"
#include "daemon/core/select/history.hpp"
#include "daemon/core/select/identity.hpp"
#include "daemon/core/select/pattern.hpp"
#include "daemon/core/select/penalty.hpp"
#include "daemon/core/select/pool.hpp"
#include "daemon/core/select/timescale.hpp"
#include "tests/unit/select/world.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAre;

constexpr double kDay = 86400;

TEST(Pattern, MatchesWhatItSays) {
    struct Case {
        const char* pattern;
        const char* host;
        bool matches;
    };
    const Case cases[] = {
        {"ntp.example", "NTP.example", true},   {"ntp.example", "a.ntp.example", false},
        {"*.example", "ntp.example", true},     {"*.example", "a.b.example", true},
        {"*.example", "example", false},        {"*.example", "badexample", false},
        {"192.0.2.0/24", "192.0.2.7", true},    {"192.0.2.0/24", "192.0.3.7", false},
        {"192.0.2.7", "192.0.2.7", true},       {"192.0.2.7", "192.0.2.8", false},
        {"2001:db8::/32", "2001:db8::1", true}, {"2001:db8::/32", "192.0.2.1", false},
        {"0.0.0.0/0", "192.0.2.1", true},       {"192.0.2.0/24", "ntp.example", false},
    };
    for (const auto& [pattern, host, matches] : cases)
        EXPECT_EQ(Pattern::parse(pattern)->matches(*Host::parse(host)), matches) << pattern << ' ' << host;
}

TEST(Pattern, RefusesWhatCannotMatch) {
    for (const auto* text :
         {"", "*", "*.", "a b", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/-1", "x/24", "2001:db8::/129", "*.*.example"})
        EXPECT_FALSE(Pattern::parse(text)) << text;
    const PatternList unreadable({"?"});
    EXPECT_FALSE(unreadable.empty());  // a whitelist with a mistake lets nobody in, not everybody
    EXPECT_FALSE(unreadable.matches(*Host::parse("a.example")));
}

TEST(Identity, RegistrableDomains) {
    const std::pair<const char*, const char*> cases[] = {
        {"time.example.com", "example.com"},
        {"a.b.example.com", "example.com"},
        {"example.com", "example.com"},
        {"ntp", "ntp"},
        {"ntp1.npl.co.uk", "npl.co.uk"},
        {"ntp.nict.go.jp", "nict.go.jp"},
        {"0.debian.pool.ntp.org", "0.debian.pool.ntp.org"},
        {"tick.ntp.org", "ntp.org"},
        {"a.de.net", "de.net"},
    };
    for (const auto& [name, domain] : cases)
        EXPECT_EQ(registrable_domain(name), domain) << name;
}

Groups groups_of(const std::vector<world::Server>& servers) {
    static std::vector<Observation> seen;
    seen = world::observe(servers);
    std::vector<const Observation*> pointers;
    for (const auto& one : seen)
        pointers.push_back(&one);
    return find_groups(pointers);
}

TEST(Identity, PrefixOperatorAndDomainMakeOneGroup) {
    const auto groups = groups_of({
        {.name = "a.one.test", .address = "192.0.2.1"},
        {.name = "b.one.test", .address = "198.51.100.1"},  // same domain
        {.name = "two.test", .address = "198.51.100.9"},    // same network as b
        {.name = "three.test", .address = "203.0.113.1", .operator_name = "One Ltd"},
        {.name = "x.three.test", .address = "2001:db8:3::1"},  // its domain has one operator
        {.name = "four.example", .address = "2001:db8:3:ff::1", .operator_name = "ONE LTD"},
        {.name = "p.test", .address = "203.0.113.200", .pool = true},  // same network as three
        {.name = "p.test", .address = "192.88.99.1", .pool = true},    // pool members share nothing else
        {.name = "192.88.98.1", .address = "192.88.98.1"},
        {.name = "127.1.1.1", .address = "127.1.1.1"},
        {.name = "127.1.2.1", .address = "127.1.2.1"},
        {.name = "lost.one.test", .address = ""},
    });
    EXPECT_THAT(groups.of, ElementsAre(0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 0));
    EXPECT_EQ(groups.labels[0], "one.test");
    EXPECT_EQ(groups.labels[1], "one ltd");
    EXPECT_EQ(groups.labels[2], "192.88.99.0/24");
}

TEST(Identity, BorrowedNetworksAreNotWelded) {
    const auto groups = groups_of({
        {.name = "evil.test", .address = "192.0.2.1"},
        {.name = "evil.test", .address = "198.51.100.1"},
        {.name = "evil.test", .address = "203.0.113.1"},
        {.name = "honest1.test", .address = "192.0.2.2"},
        {.name = "honest2.test", .address = "198.51.100.2"},
        {.name = "honest3.test", .address = "203.0.113.2"},
    });
    EXPECT_NE(groups.of[3], groups.of[4]);
    EXPECT_NE(groups.of[4], groups.of[5]);
    EXPECT_NE(groups.of[3], groups.of[5]);
}

TEST(Identity, OperatorWhoseNetworksStrangersKeepApartIsOneOwner) {
    const auto groups = groups_of({{.name = "a.big.test", .address = "192.0.2.1"},
                                   {.name = "b.big.test", .address = "198.51.100.1"},
                                   {.name = "small1.test", .address = "192.0.2.2"},
                                   {.name = "small2.test", .address = "198.51.100.2"},
                                   {.name = "p.test", .address = "203.0.113.1", .pool = true},
                                   {.name = "p.test", .address = "203.0.113.2", .pool = true},
                                   {.name = "203.0.113.2", .address = "203.0.113.2"}});
    EXPECT_THAT(groups.of, ElementsAre(0, 1, 0, 1, 2, 2, 2));
    EXPECT_THAT(groups.owner_of, ElementsAre(0, 0, 1, 2, 3, 4, 4));
}

TEST(Identity, TwoNamesOfOneDualStackHostAreOneGroup) {
    const auto groups = groups_of({{.name = "a.test", .address = "192.0.2.1"},
                                   {.name = "a.test", .address = "2001:db8::1"},
                                   {.name = "b.example", .address = "192.0.2.1"},
                                   {.name = "b.example", .address = "2001:db8::1"}});
    EXPECT_THAT(groups.of, ElementsAre(0, 0, 0, 0));
}

Voter voter(double low, double high, double vote = 1) {
    return {.low_ms = low, .high_ms = high, .offset_ms = (low + high) / 2, .variance_ms2 = 1, .vote = vote};
}

TEST(Agreement, HeaviestCommonInterval) {
    const auto agreement = find_agreement({voter(8, 12), voter(11, 13), voter(10, 12), voter(100, 200)});
    EXPECT_EQ(agreement.votes, 3);
    EXPECT_EQ(agreement.low_ms, 11);
    EXPECT_EQ(agreement.high_ms, 12);
    EXPECT_THAT(agreement.members, ElementsAre(0, 1, 2));
    EXPECT_TRUE(agreement.majority);
}

TEST(Agreement, IntervalsThatTouchAgree) {
    EXPECT_TRUE(find_agreement({voter(0, 1), voter(1, 2)}).majority);
    EXPECT_FALSE(find_agreement({voter(0, 1), voter(1.001, 2)}).majority);
}

TEST(Agreement, MajorityIsStrict) {
    EXPECT_FALSE(find_agreement({voter(0, 1), voter(0, 1), voter(5, 6), voter(5, 6)}).majority);
    EXPECT_TRUE(find_agreement({voter(0, 1), voter(0, 1), voter(0, 1), voter(5, 6)}).majority);
    // Three addresses of one group have one vote.
    const double third = 1.0 / 3;
    EXPECT_FALSE(find_agreement({voter(0, 1, third), voter(0, 1, third), voter(0, 1, third), voter(5, 6)}).majority);
    EXPECT_TRUE(find_agreement({voter(0, 1)}).majority);
    EXPECT_FALSE(find_agreement({}).majority);
}

TEST(Agreement, TwoEquallyHeavyIntervalsAreOneOnlyForAMajorityThatSharesBoth) {
    // Nearly all reach both; the two that miss each other by a hair are no camps.
    const auto close = find_agreement({voter(0, 1), voter(1.1, 2), voter(-5, 5), voter(-5, 5), voter(-5, 5)});
    EXPECT_TRUE(close.majority);
    EXPECT_THAT(close.members, ElementsAre(0, 1, 2, 3, 4));
    const auto camps = find_agreement({voter(0, 1), voter(0, 1), voter(50, 51), voter(50, 51), voter(-9, 99)});
    EXPECT_FALSE(camps.majority);
}

TEST(Agreement, LastDigitsOfFractionsMakeNoMajority) {
    // Three times 0.1 is a hair more than half of 0.6.
    EXPECT_FALSE(
        find_agreement({voter(5, 6, 0.15), voter(9, 10, 0.15), voter(0, 1, 0.1), voter(0, 1, 0.1), voter(0, 1, 0.1)})
            .majority);
    EXPECT_TRUE(reaches(0.1 + 0.2 + 0.7, 1) && reaches(0.3 + 0.3 + 0.3, 0.9));
    EXPECT_FALSE(exceeds(0.1 + 0.1 + 0.1, 0.3));
}

TEST(Centre, IgnoresTheOutlierAndReportsIt) {
    std::vector<Voter> voters;
    for (std::size_t i = 0; i < 6; ++i)
        voters.push_back(voter(-10 + 0.1 * double(i), 10 + 0.1 * double(i)));
    voters.push_back(voter(-4, 24));
    const auto centre = find_centre(voters, {0, 1, 2, 3, 4, 5, 6});
    EXPECT_NEAR(centre.offset_ms, 0.25, 0.1);
    EXPECT_THAT(centre.outliers, ElementsAre(6));
}

TEST(Centre, ThreeVotesExpelNobody) {
    EXPECT_TRUE(find_centre({voter(-10, 10), voter(-10, 10), voter(0, 40)}, {0, 1, 2}).outliers.empty());
}

EpochSummary clean_summary() {
    EpochSummary out;
    out.sent = out.received = 3;
    out.delay_ms = 10;
    out.jitter_ms = 0.3;
    out.prior_ms2 = 1.0;
    out.noise_ms2 = 0.015;
    return out;
}

TEST(History, ExpectedErrorGoesFromThePriorToTheMeasuredBias) {
    const auto summary = clean_summary();
    ServerHistory history;
    EXPECT_NEAR(expected_error(history, summary, 0), std::sqrt(1.015), 1e-9);
    for (int round = 0; round < 40; ++round) {
        fade(history, round * kDay / 4);
        learn_bias(history, summary, 3.0, 0.01);
    }
    EXPECT_NEAR(history.bias_ms, 3, 1e-9);
    EXPECT_NEAR(expected_error(history, summary, 0.01), 3, 0.2);
    EXPECT_NEAR(history.weight, 1 / (1 - std::exp2(-0.25)), 0.1);
}

TEST(History, PopcornIsHeldOnceAndThenBelieved) {
    const auto summary = clean_summary();
    ServerHistory history;
    for (int round = 0; round < 8; ++round)
        learn_bias(history, summary, 0, 0.01);
    learn_bias(history, summary, 20, 0.01);
    EXPECT_TRUE(history.held);
    EXPECT_NEAR(history.bias_ms, 0, 1e-9);
    auto recovered = history;
    learn_bias(recovered, summary, 0, 0.01);
    EXPECT_FALSE(recovered.held);
    EXPECT_NEAR(recovered.bias_ms, 0, 1e-9);
    learn_bias(history, summary, 20, 0.01);  // the path has changed
    EXPECT_NEAR(history.bias_ms, 20, 1e-9);
    EXPECT_EQ(history.weight, 1);
}

TEST(History, OneConvictionCostsSevenCleanRounds) {
    ServerHistory history;
    learn_truth(history, true);
    int rounds = 0;
    while (history.conviction > 0.5) {
        learn_truth(history, false);
        ++rounds;
    }
    EXPECT_EQ(rounds, 7);
}

TEST(History, ReachabilityForgetsSlowly) {
    ServerHistory history;
    const auto summary = clean_summary();
    for (int round = 0; round < 20; ++round) {
        fade(history, round * kDay / 4);
        learn_reach(history, 3, &summary);
    }
    EXPECT_EQ(reachability(history), 100);
    ServerHistory all;
    for (all.sent = all.received = 0.1; all.sent < 10; all.received = all.sent += 0.1)
        EXPECT_EQ(reachability(all), 100) << all.sent;
    fade(history, 5 * kDay);
    learn_reach(history, 3, nullptr);
    EXPECT_GT(reachability(history), 60);
    EXPECT_LT(reachability(history), 90);
}

TEST(Penalty, ThreeFailuresBlacklistAndDouble) {
    Penalty penalty;
    double now = 0;
    for (int i = 0; i < 2; ++i)
        learn_result(penalty, RoundResult::failed, false, 3, now);
    EXPECT_EQ(penalty.blacklisted_until_s, 0);
    learn_result(penalty, RoundResult::failed, false, 3, now);
    EXPECT_EQ(penalty.blacklisted_until_s, 7 * kDay);
    learn_result(penalty, RoundResult::failed, false, 3, now);  // still blacklisted: no doubling
    EXPECT_EQ(penalty.blacklisted_until_s, 7 * kDay);
    const double days[] = {14, 28, 56, 90, 90};
    for (const double expected : days) {
        now = penalty.blacklisted_until_s + 1;
        learn_result(penalty, RoundResult::failed, false, 3, now);
        EXPECT_EQ(penalty.blacklisted_until_s, now + expected * kDay);
    }
    learn_result(penalty, RoundResult::good, false, 3, now);  // not before its time
    EXPECT_GT(penalty.times, 0);
    now = penalty.blacklisted_until_s + 1;
    learn_result(penalty, RoundResult::good, false, 3, now);
    EXPECT_TRUE(is_clean(penalty));
}

TEST(Penalty, RatePausesDoublingUpToADayAndIsNoFailure) {
    Penalty penalty;
    const double expected[] = {0.5, 1, 1};
    for (const double days : expected) {
        learn_result(penalty, RoundResult::rate, false, 3, 1000);
        EXPECT_EQ(penalty.paused_until_s, 1000 + days * kDay);
        EXPECT_EQ(penalty.failures, 0);
    }
}

TEST(Penalty, DenyBansAStrangerAtOnceAnIncumbentOnlyWhenItIsAlsoSilent) {
    Penalty stranger;
    learn_result(stranger, RoundResult::deny, false, 3, 0);
    EXPECT_EQ(stranger.banned_until_s, 7 * kDay);
    Penalty incumbent;
    learn_result(incumbent, RoundResult::deny, true, 3, 0);
    EXPECT_EQ(incumbent.banned_until_s, 0);
    auto spoofed = incumbent;
    learn_result(spoofed, RoundResult::good, true, 3, 0);
    EXPECT_TRUE(is_clean(spoofed));
    learn_result(incumbent, RoundResult::failed, true, 3, 0);
    EXPECT_EQ(incumbent.banned_until_s, 7 * kDay);
}

TEST(Pool, OutlookIsTheMeanLessOneDeviation) {
    PoolHistory history;
    begin_pool_round(history, 4, 0);
    for (const double score : {80.0, 90.0, 85.0, 95.0})
        learn_member(history, score, 1.0);
    const auto outlook = pool_outlook(history);
    EXPECT_NEAR(outlook.score, 87.5 - std::sqrt((125 + 25) / 4.0), 1e-9);
    EXPECT_GT(outlook.error_ms, 1.0);
    EXPECT_EQ(outlook.usable, 100);
    EXPECT_EQ(pool_outlook({}).score, 0);
}

TEST(Pool, OneMemberIsNotCertainty) {
    PoolHistory history;
    begin_pool_round(history, 1, 0);
    learn_member(history, 90, 1);
    EXPECT_LE(pool_outlook(history).score, 85);
}

TEST(Timescale, UnknownJoinsUtcButNeverASmearAndNotNearALeapSecond) {
    using enum Timescale;
    EXPECT_TRUE(fits_timescale(utc, utc, true));
    EXPECT_TRUE(fits_timescale(unknown, utc, false));
    EXPECT_FALSE(fits_timescale(unknown, utc, true));
    EXPECT_FALSE(fits_timescale(smear_24h, utc, false));
    EXPECT_TRUE(fits_timescale(smear_24h, smear_24h, true));
    EXPECT_FALSE(fits_timescale(smear_meta, smear_24h, false));
    EXPECT_FALSE(fits_timescale(unknown, smear_24h, false));
    EXPECT_FALSE(fits_timescale(utc, smear_24h, false));
}

TEST(Timescale, LeapSecondsComeAtTheEndOfAMonth) {
    constexpr double kNewYear2017 = 1483228800;
    EXPECT_TRUE(is_near_month_end(kNewYear2017 - 3600));
    EXPECT_TRUE(is_near_month_end(kNewYear2017 + 3600));
    EXPECT_FALSE(is_near_month_end(kNewYear2017 + 2 * kDay));
    EXPECT_FALSE(is_near_month_end(kNewYear2017 - 2 * kDay));
    EXPECT_FALSE(is_near_month_end(NAN));
    EXPECT_FALSE(is_near_month_end(1e300));
}

TEST(Timescale, SmearsRunAwayByMoreThanFivePpm) {
    EXPECT_TRUE(drifts_like_smear(42 * 3, 3 * 3600));
    EXPECT_FALSE(drifts_like_smear(42, 3600));
    EXPECT_FALSE(drifts_like_smear(1, 4 * 3600));
    EXPECT_TRUE(admits_smearing({.stratum = 2, .refid = 254U << 24 | 7}));
    EXPECT_FALSE(admits_smearing({.stratum = 1, .refid = 254U << 24 | 7}));
}

}  // namespace
}  // namespace ntpopt
