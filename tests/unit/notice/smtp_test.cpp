// What of a talk with a mail server is told people, and what is taken out of what they are told.
#include <gmock/gmock.h>

#include "daemon/core/notice/redact.hpp"
#include "daemon/core/notice/smtp_dialogue.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SmtpDialogue, NamesTheRecipientsThatAreRefusedWithTheServersWords) {
    SmtpDialogue dialogue;
    dialogue.sent("AUTH PLAIN AHVzZXIAc2VjcmV0\r\n");
    dialogue.received("535 no\r\n");
    dialogue.sent("MAIL FROM:<a@host.test>\r\n");
    dialogue.received("250 OK\r\n");
    dialogue.sent("RCPT TO:<first@host.test>\r\n");
    dialogue.received("250 Accepted\r\n");
    dialogue.sent("RCPT TO:<gone@host.test> NOTIFY=NEVER\r\n");
    dialogue.received("550-5.1.1 There is\r\n550 5.1.1 no \x1bsuch user\r\n");
    EXPECT_FALSE(dialogue.is_to_come_again());
    dialogue.sent("RCPT TO:<later@host.test>\r\n");
    dialogue.received("45");
    dialogue.received("1 4.7.1 come ");
    dialogue.received("again\r\n");
    EXPECT_TRUE(dialogue.is_to_come_again());
    dialogue.sent("DATA\r\n");
    dialogue.received("554 no valid recipients\r\n");
    EXPECT_THAT(dialogue.refused(),
                ElementsAre("gone@host.test (550 5.1.1 no \\x1bsuch user)", "later@host.test (451 4.7.1 come again)"));
}

TEST(SmtpDialogue, AServerThatTalksNonsenseFillsNoMemory) {
    SmtpDialogue dialogue;
    dialogue.received("550 nobody asked\r\n\n\n");
    dialogue.sent("RCPT TO:<");
    dialogue.received(std::string(1'000'000, '5'));
    dialogue.sent("RCPT TO:<a@host.test>\r\n");
    dialogue.received("\n5\n55\n");
    EXPECT_THAT(dialogue.refused(), IsEmpty());
    dialogue.received("550\n550 twice\n");
    EXPECT_THAT(dialogue.refused(), ElementsAre("a@host.test (550)"));
    for (int i = 0; i < 200; ++i) {
        dialogue.sent("RCPT TO:<a@host.test>\r\n");
        dialogue.received("550 " + std::string(10'000, 'x') + "\n");
    }
    EXPECT_EQ(dialogue.refused().size(), 100U);
    EXPECT_LT(dialogue.refused().back().size(), 200U);
}

TEST(Redact, TakesEachSecretOutHoweverOftenItStandsThere) {
    struct Row {
        std::string text;
        std::vector<std::string> secrets;
        std::string out;
    };
    const std::vector<Row> rows{{"nothing", {"secret"}, "nothing"},
                                {"secret and secretsecret", {"secret"}, "* and **"},
                                {"a secret", {"", "secret"}, "a *"},
                                {"a*b**", {"*"}, "a*b**"},
                                {"xx", {"x", "xx"}, "*"},
                                {"a secret of two: secret of", {"secret", "secret of two"}, "a *: * of"},
                                {"\x1b[2J", {}, "\\x1b[2J"}};
    for (const auto& row : rows)
        EXPECT_EQ(redact(row.text, row.secrets), row.out) << row.text;
}

TEST(Redact, OfAUrlOnlyTheHostMayBeTold) {
    const std::string url = "https://user:pA55w0rd@hooks.example:8443/services/T0/sLaCkToKeN55?key=qUeRyKeY#x";
    for (const std::string& said :
         {url, std::string("no route to user:pA55w0rd"), std::string("no /services/T0/sLaCkToKeN55?key=qUeRyKeY#x"),
          std::string("unknown token sLaCkToKeN55"), std::string("unknown key qUeRyKeY, pA55w0rd")}) {
        const auto told = redact(said, secrets_of_url(url));
        for (const auto* secret : {"pA55w0rd", "sLaCkToKeN55", "qUeRyKeY"})
            EXPECT_THAT(told, testing::Not(testing::HasSubstr(secret))) << said;
    }
    EXPECT_EQ(redact("Could not resolve host: hooks.example", secrets_of_url(url)),
              "Could not resolve host: hooks.example");
    EXPECT_THAT(secrets_of_url("https://hooks.example"), ElementsAre("https://hooks.example"));
    EXPECT_THAT(secrets_of_url(""), ElementsAre(""));
}

}  // namespace
}  // namespace ntpopt
