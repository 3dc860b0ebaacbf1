// The catalogue: its mistakes with their exact text, look-ups, and the shipped file itself.
#include "daemon/core/discover/catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

namespace ntpopt {
namespace {

constexpr const char* kGood =
    "[[server]]\noperator = 'X'\nnames = ['Ntp.x.example', '2001:db8::1']\nalso = ['*.x.example']\nregion = "
    "'europe/de'\n"
    "timescale = 'utc'\ntimescale_source = 'https://x.example'\nanycast = true\nstratum = 1\nnts = true\n"
    "terms = 'https://x.example'\nas_of = '2025-01'\n";

Endpoint endpoint(const std::string& text) {
    return *Endpoint::parse(text);
}

Catalogue shipped() {
    std::ifstream file(CONF_DIR "/catalogue.toml");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto parsed = Catalogue::parse(text);
    EXPECT_TRUE(parsed) << parsed.error().detail;
    return *parsed;
}

TEST(Catalogue, ReadsAnEntryAndOffersIt) {
    const auto parsed = Catalogue::parse(kGood);
    ASSERT_TRUE(parsed) << parsed.error().detail;
    ASSERT_EQ(parsed->entries().size(), 1U);
    EXPECT_TRUE(parsed->entries()[0].nts);
    EXPECT_EQ(parsed->entries()[0].stratum, 1);
    const auto offered = parsed->candidates();
    ASSERT_EQ(offered.size(), 2U);
    EXPECT_EQ(offered[0].endpoint.text(), "ntp.x.example");
    EXPECT_EQ(offered[1].endpoint.text(), "2001:db8::1");
    EXPECT_EQ(offered[0].source, CandidateSource::catalogue);
    EXPECT_EQ(offered[0].operator_name, "X");
    EXPECT_EQ(offered[0].region, "europe/de");
    EXPECT_EQ(offered[0].timescale, Timescale::utc);
    EXPECT_TRUE(offered[0].anycast);
}

TEST(Catalogue, AddsOnlyWhatACandidateDoesNotKnow) {
    const auto parsed = Catalogue::parse(kGood);
    ASSERT_TRUE(parsed);
    Candidate sibling{.endpoint = endpoint("a.x.example:1123"), .operator_name = "mine"};
    sibling.timescale = Timescale::smear_24h;
    parsed->describe(sibling);
    EXPECT_EQ(sibling.operator_name, "mine");
    EXPECT_EQ(sibling.timescale, Timescale::smear_24h);
    EXPECT_EQ(sibling.region, "europe/de");
    for (const char* name : {"x.example", "ax.example", "x.example.org"}) {
        Candidate stranger{.endpoint = endpoint(name)};
        parsed->describe(stranger);
        EXPECT_EQ(stranger.operator_name, "") << name;
    }
}

TEST(Catalogue, NamesItsMistakes) {
    const std::string head = "[[server]]\noperator = 'X'\nnames = ['x.example']\nterms = 'x'\nas_of = '2025'\n";
    const std::pair<std::string, const char*> table[] = {
        {"servers = 1", "line 1: write [[server]]"},
        {"[server]\nnames = []", "line 1: write [[server]]"},
        {"server = [1]", "line 1: write [[server]]"},
        {head + "name = 'x'", "line 6: 'name' is not a key of a server"},
        {head + "timescale = 'tai'", "line 6: timescale is one of utc, smear-24h, smear-meta, unknown"},
        {head + "timescale = 'utc'", "line 1: a timescale without timescale_source"},
        {head + "stratum = 16", "line 6: stratum is 1 to 15"},
        {head + "anycast = 1", "line 6: anycast is true or false"},
        {head + "also = 'x'", "line 6: also is a list of host names or *.suffix"},
        {head + "pool = true", "line 1: a pool is never offered"},
        {head + "region = 'mars'",
         "line 6: 'mars' does not begin with africa, antarctica, asia, europe, north-america, oceania or "
         "south-america"},
        {"[[server]]\nnames = ['a b']",
         "line 2: 'a b' is not a host name: labels have 1 to 63 letters, digits or inner hyphens (RFC 1123)"},
        {"[[server]]\noperator = \"X\\nY\"", "line 2: operator is not plain text"},
        {"[[server]]\noperator = 'X'", "line 1: a server without names"},
        {"[[server]]\nnames = ['x.example']", "line 1: a server without an operator"},
        {"[[server]]\noperator = 'X'\nnames = ['x.example']", "line 1: a server without as_of: knowledge has a date"},
        {"[[server]]\noperator = 'X'\nnames = ['x.example']\nas_of = '1'", "line 1: an offered server without terms"},
    };
    for (const auto& [text, problem] : table) {
        const auto parsed = Catalogue::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().detail, problem);
    }
}

TEST(Catalogue, WhatWeShipIsSoundAndNamesNothingTwice) {
    const auto catalogue = shipped();
    std::set<std::string> seen;
    for (const auto& entry : catalogue.entries()) {
        for (const auto& name : entry.names)
            EXPECT_TRUE(seen.insert(name.text()).second) << name.text();
        for (const auto& name : entry.names)
            EXPECT_TRUE(name.name() || !entry.offered) << name.text() << ": RFC 4085, no addresses";
        EXPECT_THAT(entry.as_of, testing::MatchesRegex("20[0-9][0-9]-[01][0-9]"));
    }
    EXPECT_GE(catalogue.candidates().size(), 20U);
}

TEST(Catalogue, KnowsTheTimescaleOfWellKnownNames) {
    const auto catalogue = shipped();
    const std::pair<const char*, Timescale> table[] = {
        {"time.cloudflare.com", Timescale::utc},      {"time.google.com", Timescale::smear_24h},
        {"time3.google.com", Timescale::smear_24h},   {"time.aws.com", Timescale::smear_24h},
        {"169.254.169.123", Timescale::smear_24h},    {"fd00:ec2::123", Timescale::smear_24h},
        {"time.facebook.com", Timescale::smear_meta}, {"time.apple.com", Timescale::unknown},
        {"time.windows.com", Timescale::unknown},     {"time.nist.gov", Timescale::utc},
        {"time-a-g.nist.gov", Timescale::utc},        {"ptbtime2.ptb.de", Timescale::utc},
        {"2.debian.pool.ntp.org", Timescale::utc},    {"pool.ntp.org", Timescale::utc},
        {"ntp.ubuntu.com", Timescale::unknown},       {"ntp.example.org", Timescale::unknown},
    };
    for (const auto& [name, timescale] : table) {
        Candidate candidate{.endpoint = endpoint(name)};
        catalogue.describe(candidate);
        EXPECT_EQ(candidate.timescale, timescale) << name;
        EXPECT_EQ(candidate.pool, std::string_view(name).ends_with("pool.ntp.org")) << name;
        if (candidate.pool) {
            EXPECT_EQ(candidate.operator_name, "") << "a pool's members have many operators";
        }
    }
}

}  // namespace
}  // namespace ntpopt
