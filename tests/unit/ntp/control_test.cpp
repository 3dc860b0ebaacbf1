// Mode 6: questions as bytes, fragments in any order, hostile answers, variables as ntpsec 1.2.2 really writes them.
#include "daemon/core/ntp/control.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ntpopt {
namespace {

using testing::ElementsAre;

using Bytes = std::vector<std::uint8_t>;

constexpr int kMore = 0x20;
constexpr int kFailure = 0x40;

ControlQuestion variables_of(std::uint16_t association) {
    return {ControlOpcode::read_variables, 7, association, "leap,stratum"};
}

Bytes answer(const ControlQuestion& question, std::size_t offset, std::string_view data, int flags = 0,
             std::uint16_t status = 0x0614) {
    Bytes bytes{0x26, static_cast<std::uint8_t>(0x80 | flags | static_cast<int>(question.opcode))};
    for (const std::size_t number : {std::size_t{question.sequence}, std::size_t{status},
                                     std::size_t{question.association}, offset, data.size()}) {
        bytes.push_back(static_cast<std::uint8_t>(number >> 8));
        bytes.push_back(static_cast<std::uint8_t>(number));
    }
    bytes.insert(bytes.end(), data.begin(), data.end());
    while (bytes.size() % 4 != 0)
        bytes.push_back(0);
    return bytes;
}

TEST(Control, a_question_is_twelve_octets_and_the_padded_names) {
    EXPECT_EQ(render_control(variables_of(0x1234)),
              (Bytes{0x26, 2,   0,   7,   0,   0,   0x12, 0x34, 0,   0,   0,   12,
                     'l',  'e', 'a', 'p', ',', 's', 't',  'r',  'a', 't', 'u', 'm'}));
    EXPECT_EQ(render_control({ControlOpcode::read_variables, 1, 0, "leap,"}).size(), 20U);
    EXPECT_EQ(render_control({}).size(), kControlHeaderSize);
}

TEST(Control, fragments_come_in_every_order) {
    const auto question = variables_of(5);
    const std::array<Bytes, 3> pieces{answer(question, 0, "leap=0, ", kMore), answer(question, 8, "stratum=", kMore),
                                      answer(question, 16, "3")};
    std::array<int, 3> order{0, 1, 2};
    do {
        ControlAnswer whole(question);
        EXPECT_FALSE(*whole.take(pieces[static_cast<std::size_t>(order[0])]));
        EXPECT_FALSE(*whole.take(pieces[static_cast<std::size_t>(order[0])])) << "a copy changes nothing";
        EXPECT_FALSE(*whole.take(pieces[static_cast<std::size_t>(order[1])]));
        EXPECT_TRUE(*whole.take(pieces[static_cast<std::size_t>(order[2])]));
        EXPECT_EQ(whole.data(), "leap=0, stratum=3");
        EXPECT_EQ(whole.status(), 0x0614);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Control, an_empty_answer_is_whole) {
    ControlAnswer whole(variables_of(0));
    EXPECT_TRUE(*whole.take(answer(variables_of(0), 0, "")));
    EXPECT_EQ(whole.data(), "");
}

TEST(Control, what_answers_another_question_is_passed_over) {
    const auto question = variables_of(5);
    ControlAnswer whole(question);
    auto other = question;
    other.sequence = 8;
    EXPECT_FALSE(*whole.take(answer(other, 0, "x")));
    other = question;
    other.association = 6;
    EXPECT_FALSE(*whole.take(answer(other, 0, "x")));
    other = question;
    other.opcode = ControlOpcode::read_status;
    EXPECT_FALSE(*whole.take(answer(other, 0, "x")));
    auto bytes = answer(question, 0, "x");
    bytes[0] = 0x24;
    EXPECT_FALSE(*whole.take(bytes)) << "a time packet";
    bytes = render_control(question);
    EXPECT_FALSE(*whole.take(bytes)) << "our own question come back";
    EXPECT_FALSE(*whole.take(Bytes{0x26, 0x82}));
}

TEST(Control, refusals_have_names) {
    const auto question = variables_of(5);
    const auto code = [&](std::uint16_t status) {
        ControlAnswer whole(question);
        const auto taken = whole.take(answer(question, 0, "", kFailure, status));
        return taken ? Errc::internal : taken.error().code;
    };
    EXPECT_EQ(code(0x0400), Errc::not_found);
    EXPECT_EQ(code(0x0100), Errc::access_denied);
    EXPECT_EQ(code(0x0700), Errc::access_denied);
    EXPECT_EQ(code(0x0500), Errc::parse);
}

TEST(Control, answers_that_cannot_be_are_errors) {
    const auto question = variables_of(5);
    const auto fails = [&](const std::vector<Bytes>& pieces) {
        ControlAnswer whole(question);
        for (const auto& piece : pieces) {
            const auto taken = whole.take(piece);
            if (!taken) return taken.error().code == Errc::parse;
            if (*taken) return false;
        }
        return false;
    };
    auto shortened = answer(question, 0, "leap=0, stratum=3");
    shortened.resize(16);
    EXPECT_TRUE(fails({shortened}));
    EXPECT_TRUE(fails({answer(question, 65000, "leap=0")})) << "longer than is believed";
    EXPECT_TRUE(fails({answer(question, 0, "", kMore)}));
    EXPECT_TRUE(fails({answer(question, 0, "leap", kMore), answer(question, 0, "hope", kMore)}));
    EXPECT_TRUE(fails({answer(question, 8, "a"), answer(question, 12, "b")})) << "two ends";
    EXPECT_TRUE(
        fails({answer(question, 0, "abcdef", kMore), answer(question, 4, "xy", kMore), answer(question, 7, "z")}))
        << "pieces over one another";
    std::vector<Bytes> many;
    for (std::size_t i = 0; i <= kMaxControlFragments; ++i)
        many.push_back(answer(question, 2 * i, "ab", kMore));
    EXPECT_TRUE(fails(many));
}

TEST(Control, associations_are_pairs) {
    const auto found = parse_associations(std::string_view("\x45\x6b\xb6\x1a\x45\x6c\x80\x11", 8));
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, ElementsAre(AssociationStatus{0x456b, 0xb61a}, AssociationStatus{0x456c, 0x8011}));
    EXPECT_TRUE(found->front().configured() && found->front().reachable());
    EXPECT_EQ(found->front().selection(), 6);
    EXPECT_FALSE(found->back().reachable());
    EXPECT_FALSE(parse_associations("abc"));
    EXPECT_FALSE(parse_associations(std::string(4 * kMaxAssociations + 4, 'x')));
    EXPECT_TRUE(parse_associations("")->empty());
}

TEST(Control, variables_as_ntpsec_writes_them) {
    const auto found = parse_control_variables(
        "srcadr=10.77.5.1, leap=0, reach=0x1,\r\ndelay=1.043987, srchost=\"a,b=c\", flag,\r\n offset=-0.5\r\n");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size(), 7U);
    EXPECT_EQ(found->at("srcadr"), "10.77.5.1");
    EXPECT_EQ(found->at("reach"), "0x1");
    EXPECT_EQ(found->at("srchost"), "a,b=c");
    EXPECT_EQ(found->at("flag"), "");
    EXPECT_EQ(found->at("offset"), "-0.5");
}

TEST(Control, variables_that_cannot_be_are_errors) {
    EXPECT_FALSE(parse_control_variables("name=\"without end"));
    std::string many;
    for (std::size_t i = 0; i <= kMaxVariables; ++i)
        many += "v" + std::to_string(i) + "=1,";
    EXPECT_FALSE(parse_control_variables(many));
    EXPECT_FALSE(parse_control_variables(std::string(kMaxControlAnswer + 1, ' ')));
    EXPECT_EQ(parse_control_variables("a=1,a=2")->at("a"), "1");
    EXPECT_TRUE(parse_control_variables("==,=,\"\"")) << "whatever that is, it is read to its end";
}

}  // namespace
}  // namespace ntpopt
