// parse_toml(): values, lines, and that no text whatever brings it down.
#include "daemon/core/config/toml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "daemon/core/config/parse.hpp"

namespace ntpopt {
namespace {

std::string repeat(const std::string& text, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i)
        out += text;
    return out;
}

TEST(Toml, GivesValuesAndLines) {
    const auto document = parse_toml("a = 1\n\n[t]\nb = [ 'x',\n 'y' ]\n[[s]]\nn = 2.5\n[[s]]\nn = true\n");
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root["a"], 1);
    EXPECT_EQ(document->root["t"]["b"], Json::array({"x", "y"}));
    EXPECT_EQ(document->root["s"][0]["n"], 2.5);
    EXPECT_EQ(document->line_of("/a"), 1);
    EXPECT_EQ(document->line_of("/t"), 3);
    EXPECT_EQ(document->line_of("/t/b"), 4);
    EXPECT_EQ(document->line_of("/t/b/1"), 5);
    EXPECT_EQ(document->line_of("/s/1/n"), 9);
    EXPECT_EQ(document->line_of("/s/1/missing"), 8);
    EXPECT_EQ(document->line_of("/nowhere"), 0);
}

TEST(Toml, SaysWhereAndWhy) {
    const auto refused = [](const std::string& text) {
        const auto document = parse_toml(text);
        EXPECT_FALSE(document);
        return document ? std::string() : std::to_string(document.error().line) + ": " + document.error().what;
    };
    EXPECT_THAT(refused("a = 1\na = 2"), testing::StartsWith("2: "));
    EXPECT_THAT(refused("a = 1\nb ="), testing::StartsWith("2: "));
    EXPECT_THAT(refused("\xff\xfe = 1"), testing::HasSubstr("utf-8"));
    EXPECT_EQ(refused("a = 1\nb = \"\"\"x\n\"\"\""), "2: multi-line strings are not taken; write a plain one");
    EXPECT_EQ(refused("x = 1 # ok\n" + repeat("a.", 20) + "a = 1"), "2: too many dots for a key");
    EXPECT_EQ(refused(std::string(kMaxTomlBytes + 1, '#')), "1: the file is larger than 1 MiB");
    EXPECT_EQ(refused("a = 1\n[[server]]\n" + std::string(20'000, 'k') + " = [" + repeat("1,", 50'000) + "]"),
              "3: too many values below keys as long as these");
    EXPECT_TRUE(parse_toml("server = [" + repeat("'name.example',", 60'000) + "]")) << "as much as a list may hold";
}

TEST(Toml, TakesDotsInStringsAndComments) {
    const auto dots = repeat("1.2.3.4, ", 100);
    const auto document = parse_toml("# " + dots + "\na = '" + dots + "' # " + dots + "\nb = \"\\\"" + dots + "\"");
    ASSERT_TRUE(document) << document.error().what;
    EXPECT_EQ(document->root["a"], dots);
}

// Found while reading the library: it recurses once for every level when a document is destroyed.
TEST(Toml, DeepNestingDoesNotOverflowTheStack) {
    for (const auto& text :
         {repeat("a.", 500000) + "a = 1", "[" + repeat("a.", 500000) + "a]", "a = " + repeat("[", 100000),
          "a = " + repeat("{a.a.a.a.a=[\n", 70000), repeat("'a'.", 200000) + "a = 1",
          "a = ['''\n\"''', {" + repeat("a.", 200000) + "a = 1}]"}) {
        EXPECT_FALSE(parse_toml(text));
        EXPECT_FALSE(parse_config({{"f", text}}).ok());
    }
}

TEST(Toml, AnyTextIsAnsweredNotThrown) {
    std::mt19937 random(20240501);
    const std::string pieces[] = {"[",
                                  "]",
                                  "[[",
                                  "]]",
                                  "=",
                                  "{",
                                  "}",
                                  ",",
                                  ".",
                                  "\n",
                                  "'",
                                  "\"",
                                  "#",
                                  "\\",
                                  "\\u12",
                                  "\\UFFFFFFFF",
                                  "1",
                                  "-",
                                  "+",
                                  "_",
                                  "0x",
                                  "0b1",
                                  "e",
                                  "inf",
                                  "nan",
                                  "true",
                                  "1979-05-27",
                                  "T07:32:00Z",
                                  "a",
                                  "schedule",
                                  "interval",
                                  "probe",
                                  "selection",
                                  "weights",
                                  "discovery",
                                  "servers",
                                  "mode",
                                  " ",
                                  std::string(1, '\0'),
                                  "\r",
                                  "\t",
                                  "\x7f",
                                  "\xc3",
                                  "\xc3\xa9",
                                  "\xf0\x9f\x98\x80",
                                  "\xed\xa0\x80",
                                  "9223372036854775808",
                                  "'10.0.0.0/8'",
                                  "\"6h\""};
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        const auto length = random() % 24;
        for (unsigned i = 0; i < length; ++i)
            text += pieces[random() % std::size(pieces)];
        const auto parsed = parse_config({{"f", text}}, {{text, text}});
        for (const auto& problem : parsed.problems)
            for (const char c : problem.text())
                ASSERT_TRUE(c >= 0x20 && c < 0x7f) << problem.text();
    }
}

}  // namespace
}  // namespace ntpopt
