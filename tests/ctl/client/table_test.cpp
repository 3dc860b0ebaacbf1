// Tables and numbers as text.
#include "ctl/table.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "ctl/format.hpp"
#include "ctl/server_table.hpp"

namespace ntpopt::ctl {
namespace {

std::string render(const Table& table, const char* columns) {
    ::setenv("LC_ALL", "C", 1);
    if (columns)
        ::setenv("COLUMNS", columns, 1);
    else
        ::unsetenv("COLUMNS");
    Options options;
    options.no_color = true;
    const auto text = table.render(Output(options));
    ::unsetenv("COLUMNS");
    return text;
}

Table sample() {
    Table table({{"N", Align::right}, {"NAME", Align::left, true}, {"X", Align::right}, {"WHY", Align::left, true}});
    table.add({{"1"}, {"a.example"}, {"0.5"}, {"good"}});
    table.add({{"10"}, {"a-long-name.example"}, {"12.25"}});
    return table;
}

TEST(TableText, IsAlignedAndHasNoBlanksAtLineEnds) {
    EXPECT_EQ(render(sample(), nullptr),
              " N  NAME                     X  WHY\n"
              " 1  a.example              0.5  good\n"
              "10  a-long-name.example  12.25\n");
}

TEST(ServerTable, ShowsNoReachOfAPoolButThatOfItsMembers) {
    const Json pool{{"rank", 1},     {"name", "pool.example"}, {"reachability", 0},
                    {"score", 90.0}, {"verdict", "chosen"},    {"pool", true}};
    const Json silent{{"name", "dead.example"},
                      {"address", "192.0.2.1"},
                      {"reachability", 0},
                      {"verdict", "unreachable"},
                      {"pool", false}};
    Options options;
    options.no_color = true;
    const auto text = render_servers(Json::array({pool, silent}), false, Output(options));
    EXPECT_THAT(text, testing::ContainsRegex("pool.example( +-){5} +90.0  chosen"));
    EXPECT_THAT(text, testing::ContainsRegex("dead.example( +-){4} +0 +-  unreachable"));
}

TEST(ServerTable, ShowsNoReachOfAServerThatAnsweredNothingThisTime) {
    const Json silent{{"name", "dead.example"}, {"address", "192.0.2.1"},   {"reachability", 100.0},
                      {"answered", 0.0},        {"verdict", "unreachable"}, {"pool", false}};
    Options options;
    options.no_color = true;
    EXPECT_THAT(render_servers(Json::array({silent}), false, Output(options)),
                testing::ContainsRegex("dead.example( +-){4} +0 +-  unreachable"));
}

TEST(TableText, GivesWayWhereItIsElastic) {
    EXPECT_EQ(render(sample(), "27"),
              " N NAME              X WHY\n"
              " 1 a.example       0.5 good\n"
              "10 a-long-name.. 12.25\n");
}

TEST(TableText, PutsUnitsBelowTitlesBeforeAnythingIsCut) {
    Table table({{"DELAY(ms)", Align::right}, {"JITTER(ms)", Align::right}, {"NAME", Align::left, true}});
    table.add({{"1.5"}, {"0.25"}, {"time.example"}});
    EXPECT_EQ(render(table, "26"),
              "DELAY JITTER NAME\n"
              " (ms)   (ms)\n"
              "  1.5   0.25 time.example\n");
}

TEST(Format, Spans) {
    EXPECT_EQ(span_of_ms(0.0123), "12 us");
    EXPECT_EQ(span_of_ms(1.5), "1.50 ms");
    EXPECT_EQ(span_of_ms(3200), "3.2 s");
    EXPECT_EQ(rough(std::chrono::seconds(3)), "3s");
    EXPECT_EQ(rough(std::chrono::seconds(3723)), "1h 2min");
    EXPECT_EQ(rough(std::chrono::hours(25) + std::chrono::minutes(5)), "1d 1h");
}

TEST(Format, NumbersThatAreNotThereAreDashes) {
    EXPECT_EQ(number_of(Json::object(), "x", 1), "-");
    EXPECT_EQ(number_of(Json{{"x", 0.1234}}, "x", 3, true), "+0.123");
}

}  // namespace
}  // namespace ntpopt::ctl
