// Server lists in their four formats, and what a hostile one can bring about: nothing but candidates.
#include "daemon/core/discover/server_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/core/discover/candidates.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAre;

std::string read(std::string_view text) {
    const auto list = parse_server_list(text);
    if (!list) return "error: " + list.error().detail;
    std::string out(list->format);
    for (const auto& candidate : list->candidates) {
        EXPECT_EQ(candidate.source, CandidateSource::list);
        EXPECT_EQ(candidate.operator_name, "") << "a list moves no votes";
        out += (candidate.pool ? " pool " : " ") + candidate.endpoint.text();
    }
    if (list->refused > 0) out += " (" + std::to_string(list->refused) + " refused)";
    return out;
}

TEST(ServerList, ReadsEveryFormat) {
    EXPECT_EQ(
        read("[[server]]\noperator = 'X'\nnames = ['a.example', '192.0.2.1']\nregion = 'asia'\ntimescale = 'utc'\n"
             "timescale_source = 's'\nterms = 't'\nas_of = '2025-01'\n[[server]]\noperator = 'Y'\noffered = false\n"
             "names = ['b.example']\nas_of = '2025-01'\n"),
        "toml a.example 192.0.2.1");
    EXPECT_EQ(
        read(
            R"(["a.example", {"hostname": "B.example", "x": 1}, {"address": "2001:db8::1"}, 7, null, "", {"name": 5}])"),
        "json a.example b.example 2001:db8::1 (4 refused)");
    EXPECT_EQ(
        read("# Public servers\n\n| Hostname | AS | Location |\n|---|:---:|---|\n| `a.example` | AS1 | Some.place |\n"
             "| [**b.example**](https://evil.example/c.example) | x |\n|c.example|\n| not a name | d.example "
             "|\n\nProse e.example | f.example\n"
             "\nAS | Server\n--- | ---\n1 | [g.example](x)\n"),
        "markdown a.example b.example c.example g.example (1 refused)");
    EXPECT_EQ(read("Google Public NTP [AS15169]:\n\na.example\n  b.example.  # ours\n- c.example\n* "
                   "2.debian.pool.ntp.org\nNothing here\n192.0.2.1\r\n"),
              "names a.example b.example c.example pool 2.debian.pool.ntp.org 192.0.2.1");
}

TEST(ServerList, RefusesWhatNoStrangerMayPropose) {
    EXPECT_EQ(read("localhost\nrouter.local\nmetadata.google.internal\n10.0.0.1\n127.0.0.1\n169.254.169.254\n::1\nfe80:"
                   ":1\n224.0.1.1\n"
                   "single\n1.0.0.127.in-addr.arpa\nok.example\n"),
              "names ok.example (11 refused)");
    EXPECT_EQ(read("a.example\\nserver\nx;y.example\na..example\n-a.example\n\x01.example\nok.example"),
              "names ok.example (5 refused)");
}

TEST(ServerList, WithoutAServerIsAnError) {
    EXPECT_EQ(read(""), "error: no server in it (read as names, 0 entries refused)");
    EXPECT_EQ(read("<!DOCTYPE html><html><body>404 not found</body></html>").substr(0, 6), "error:");
    EXPECT_EQ(read("[]"), "error: no server in it (read as json, 0 entries refused)");
    EXPECT_EQ(read("{\"servers\": []}"), "error: the JSON is no array");
    EXPECT_EQ(read("[\"a.example\"").substr(0, 6), "error:") << "cut off";
    EXPECT_EQ(read("[[server]]\nnames = 7\n"), "error: line 2: names is a list of host names");
    EXPECT_EQ(read(std::string(kMaxListBytes + 1, 'a')), "error: longer than 1 MiB");
    EXPECT_EQ(read(std::string(100000, '[')).substr(0, 6), "error:") << "nested without end";
}

TEST(ServerList, IsBoundedAndHasEachNameOnce) {
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text += "n" + std::to_string(i / 2) + ".example\n";
    EXPECT_EQ(parse_server_list(text)->candidates.size(), kMaxListServers);
}

TEST(ServerList, OverridesNeitherTheAdministratorNorTheCatalogue) {
    const auto list = parse_server_list(
        "[[server]]\noperator = 'Evil'\nnames = ['mine.example', 'known.example']\nregion = 'asia/in'\nanycast = true\n"
        "timescale = 'smear-24h'\ntimescale_source = 's'\nterms = 't'\nas_of = '2025-01'\n");
    ASSERT_TRUE(list);
    auto found = list->candidates;
    found.push_back({.endpoint = *Endpoint::parse("mine.example"), .source = CandidateSource::configured});
    const auto catalogue = *Catalogue::parse(
        "[[server]]\noperator = 'Good'\nnames = ['known.example']\noffered = false\n"
        "timescale = 'utc'\ntimescale_source = 's'\nas_of = '2025-01'\n");
    const auto merged = merge_candidates(found, catalogue, {"asia", "in"});
    ASSERT_EQ(merged.size(), 2U);
    EXPECT_EQ(merged[0].source, CandidateSource::configured);
    EXPECT_EQ(merged[0].timescale, Timescale::unknown);
    EXPECT_FALSE(merged[0].regional);
    EXPECT_FALSE(merged[0].anycast);
    EXPECT_EQ(merged[1].timescale, Timescale::utc);
    EXPECT_EQ(merged[1].operator_name, "Good");
    EXPECT_FALSE(merged[1].regional);
}

TEST(PrivateAddresses, AreForNamesThatWereMeant) {
    using S = CandidateSource;
    const auto asked = [](S source, const char* address) {
        return may_lead_to({.endpoint = *Endpoint::parse("a.example"), .source = source}, *Address::parse(address));
    };
    for (const char* address :
         {"10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.0.1", "::1", "fe80::1", "fd00::1"}) {
        for (const auto source : {S::catalogue, S::list, S::pool_zone})
            EXPECT_FALSE(asked(source, address)) << address;
        for (const auto source : {S::configured, S::current, S::cloud})
            EXPECT_TRUE(asked(source, address)) << address;
        for (const auto source : {S::dhcp, S::srv})
            EXPECT_EQ(asked(source, address), !Address::parse(address)->is_loopback()) << address;
    }
    for (const auto source : {S::configured, S::list})
        EXPECT_FALSE(asked(source, "224.0.1.1"));
    EXPECT_TRUE(asked(S::list, "192.0.2.1"));
}

}  // namespace
}  // namespace ntpopt
