// merge_candidates(): duplicates, precedence, knowledge, nearness.
#include "daemon/core/discover/candidates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using S = CandidateSource;

Candidate make(const std::string& name, S source) {
    return {.endpoint = *Endpoint::parse(name), .source = source};
}

Catalogue catalogue() {
    return *Catalogue::parse(
        "[[server]]\noperator = 'Cloud'\nnames = ['any.example']\nanycast = true\nterms = 't'\nas_of = '2025-01'\n"
        "[[server]]\noperator = 'Near'\nnames = ['near.example']\nregion = 'asia/jp'\nterms = 't'\nas_of = '2025-01'\n"
        "[[server]]\noperator = 'Far'\nnames = ['far.example']\nregion = 'europe'\nterms = 't'\nas_of = '2025-01'\n");
}

std::vector<std::string> names(const std::vector<Candidate>& candidates) {
    std::vector<std::string> out;
    for (const auto& candidate : candidates)
        out.push_back(std::string(name_of(candidate.source)) + ' ' + candidate.endpoint.text());
    return out;
}

TEST(Candidates, EachEndpointOnceWithThePortAsPartOfIt) {
    const auto merged = merge_candidates(
        {make("a.example", S::current), make("A.example:123", S::configured), make("a.example:1123", S::configured),
         make("192.0.2.1", S::list), make("::ffff:192.0.2.1", S::list)},
        {}, {});
    EXPECT_THAT(names(merged), ElementsAre("configured a.example", "configured a.example:1123", "list 192.0.2.1"));
}

TEST(Candidates, TheEarlierSourceWinsAndLearns) {
    auto pool = make("p.example", S::pool_zone);
    pool.pool = true;
    pool.timescale = Timescale::utc;
    pool.region = "asia";
    const auto merged = merge_candidates({pool, make("p.example", S::configured)}, {}, {"asia", "in"});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0].source, S::configured);
    EXPECT_TRUE(merged[0].pool);
    EXPECT_TRUE(merged[0].regional);
    EXPECT_EQ(merged[0].timescale, Timescale::utc);
}

TEST(Candidates, AreOrderedByPromise) {
    std::vector<Candidate> found{make("far.example", S::catalogue),  make("any.example", S::catalogue),
                                 make("near.example", S::catalogue), make("pool.example", S::pool_zone),
                                 make("list.example", S::list),      make("now.example", S::current),
                                 make("mine.example", S::configured)};
    const std::vector<std::string> order{"configured mine.example", "current now.example",    "catalogue near.example",
                                         "catalogue any.example",   "pool_zone pool.example", "list list.example",
                                         "catalogue far.example"};
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        std::shuffle(found.begin(), found.end(), random);
        const auto merged = merge_candidates(found, catalogue(), {"asia", "in"});
        EXPECT_EQ(names(merged), order);
        EXPECT_TRUE(merged[2].regional);
        EXPECT_FALSE(merged[6].regional);
    }
}

TEST(Candidates, WithoutARegionNothingIsNear) {
    for (const auto& candidate : merge_candidates(catalogue().candidates(), catalogue(), {}))
        EXPECT_FALSE(candidate.regional) << candidate.endpoint.text();
}

TEST(Candidates, AreBoundedInNumber) {
    std::vector<Candidate> found;
    for (int i = 0; i < 12000; ++i)
        found.push_back(make("n" + std::to_string(i) + ".example", S::list));
    EXPECT_EQ(merge_candidates(std::move(found), {}, {}).size(), kMaxCandidates);
}

}  // namespace
}  // namespace ntpopt
