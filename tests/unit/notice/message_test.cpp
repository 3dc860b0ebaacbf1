// Subjects, texts, mails and payloads word for word in golden/ (NTPOPT_UPDATE_GOLDEN=1 writes them anew), and what
// hostile text can do in them: nothing.
#include <gmock/gmock.h>

#include "common/text.hpp"
#include "daemon/core/notice/mail.hpp"
#include "daemon/core/notice/payload.hpp"
#include "tests/golden.hpp"
#include "tests/unit/notice/samples.hpp"

namespace ntpopt {
namespace {

using test::at;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

std::string in_golden(const std::string& name) {
    return std::string(GOLDEN_DIR) + "/" + name;
}

EmailConfig mail_config() {
    EmailConfig email;
    email.from = "ntpopt@host.example";
    email.to = {"admin@example.net", "time+alerts@example.org"};
    return email;
}

Notice notice_of(std::vector<NoticeEvent> events) {
    return make_notice("email.1-1.1800000000000000", "host.example", std::move(events), 0, at(5s));
}

std::vector<NoticeEvent> many(std::size_t count) {
    std::vector<NoticeEvent> events{test::rolled_back_event()};
    for (std::size_t i = 1; i < count; ++i)
        events.push_back(test::changed_event(17 + i));
    return events;
}

TEST(Notice, ARoundThatWasRolledBackReadsLikeThis) {
    const auto notice = notice_of({test::rolled_back_event()});
    test::expect_golden(in_golden("rolled_back.eml"), render_mail(mail_config(), notice));
    test::expect_golden(in_golden("rolled_back.slack.json"), render_slack(notice) + "\n");
    test::expect_golden(in_golden("rolled_back.discord.json"), render_discord(notice) + "\n");
    test::expect_golden(in_golden("rolled_back.webhook.json"), render_webhook(notice) + "\n");
}

TEST(Notice, ManyAreToldInFullAtFirstAndThenCounted) {
    const auto notice = notice_of(many(500));
    EXPECT_LT(notice.text.size(), 16384U);
    EXPECT_THAT(notice.subject, HasSubstr("error: A change of time servers was rolled back (and 499 more)"));
    EXPECT_THAT(notice.text, HasSubstr("490  selection_changed"));
    test::expect_golden(in_golden("two.eml"), render_mail(mail_config(), notice_of(many(2))));
}

TEST(Notice, WhatHadNoRoomIsCounted) {
    EXPECT_THAT(make_notice("x", "h", many(1), 12, at(0s)).text,
                HasSubstr("12 older events could not be told in time"));
}

TEST(Notice, AReasonOfBlanksAndARollBackWithoutServersAreLeftOut) {
    auto event = test::rolled_back_event();
    event.reason = " \t ";
    event.new_servers.clear();
    const auto text = notice_of({event}).text;
    EXPECT_THAT(text, Not(HasSubstr("Reason:")));
    EXPECT_THAT(text, HasSubstr("Old:       old1.test old2.test\n"));
    EXPECT_THAT(text, Not(HasSubstr("New:")));
}

TEST(Mail, SixteenLongAddressesAreAllInTheHeader) {
    auto email = mail_config();
    email.to.clear();
    for (int i = 0; i < 16; ++i)
        email.to.push_back(std::string(60, 'a') + std::to_string(i) + "@" + std::string(60, 'b') + ".example");
    const auto mail = render_mail(email, notice_of({test::changed_event()}));
    for (const auto& address : email.to)
        EXPECT_THAT(mail, HasSubstr(address));
}

TEST(Mail, DatesAreThoseOfRfc5322) {
    EXPECT_EQ(render_mail_date(RealTime{}), "Thu, 01 Jan 1970 00:00:00 +0000");
    EXPECT_EQ(render_mail_date(*parse_time("2026-11-22T11:46:05.999Z")), "Sun, 22 Nov 2026 11:46:05 +0000");
    EXPECT_EQ(render_mail_date(*parse_time("2024-02-29T23:59:59Z")), "Thu, 29 Feb 2024 23:59:59 +0000");
}

TEST(Mail, NothingInASubjectCanBecomeAHeader) {
    for (const std::string& hostile : std::vector<std::string>{
             std::string("a\r\nBcc: x@y.example"), "a\nBcc: x@y.example", "a\rBcc: x", std::string("a\0Bcc: x", 8),
             "gr\xc3\xbc\xc3\x9f\r\nBcc: x@y.example", "\xff\xfe\r\nBcc: x"}) {
        const auto header = render_mail_header("Subject", hostile);
        EXPECT_THAT(header, Not(HasSubstr("\nBcc"))) << header;
        EXPECT_TRUE(header.ends_with("\r\n"));
        for (const auto line : lines(header))
            EXPECT_LE(line.size(), 78U);
        EXPECT_EQ(header.find_first_of(std::string("\0\x1b\xff", 3)), std::string::npos);
    }
}

TEST(Mail, TextBeyondAsciiIsEncodedInWholeCharacters) {
    EXPECT_EQ(render_mail_header("Subject", "gr\xc3\xbc\xc3\x9f"), "Subject: =?UTF-8?B?Z3LDvMOf?=\r\n");
    std::string umlauts;
    for (int i = 0; i < 60; ++i)
        umlauts += "\xc3\xbc";
    const auto header = render_mail_header("Subject", umlauts);
    EXPECT_EQ(split(header, '?').size() - 1, 3U * 4) << "three words: " << header;
}

TEST(Mail, LongWordsAndLinesAreFoldedAndBodiesSurviveSmtp) {
    auto notice = notice_of({test::changed_event()});
    notice.text = ".\n..dots\nbl\xc3\xbc te = 1 \n" + std::string(2000, 'x') + "\n";
    notice.subject = std::string(300, 's') + " " + std::string(60, 't');
    const auto mail = render_mail(mail_config(), notice);
    EXPECT_THAT(mail, HasSubstr("bl=C3=BC te =3D 1=20\r\n"));
    for (std::size_t from = 0; from < mail.size();) {
        const auto end = mail.find("\r\n", from);
        ASSERT_NE(end, std::string::npos);
        EXPECT_EQ(mail.substr(from, end - from).find_first_of("\r\n"), std::string::npos);
        EXPECT_LE(end - from, 998U);
        from = end + 2;
    }
}

TEST(Payload, MarkupAndMentionsOfChatsAreDisarmed) {
    auto event = test::changed_event();
    event.reason = "<!channel> & `code` ``` @everyone <@U123>";
    const auto notice = notice_of({event});
    const auto slack = *parse_json(render_slack(notice));
    EXPECT_THAT(slack["text"].get<std::string>(), HasSubstr("&lt;!channel&gt; &amp; `code`"));
    EXPECT_EQ(slack["mrkdwn"], false);
    const auto discord = *parse_json(render_discord(notice));
    EXPECT_THAT(discord["content"].get<std::string>(), HasSubstr("'code' ''' @everyone"));
    EXPECT_EQ(discord["allowed_mentions"]["parse"], Json::array());
}

TEST(Payload, FitsWhatTheServicesTake) {
    const auto notice = notice_of(many(900));
    EXPECT_LE((*parse_json(render_discord(notice)))["content"].get<std::string>().size(), 2000U);
    EXPECT_LE((*parse_json(render_slack(notice)))["text"].get<std::string>().size(), 4000U);
    const auto document = *parse_json(render_webhook(notice));
    EXPECT_EQ(document["events"].size(), 100U);
    EXPECT_EQ(document["count"], 900);
}

TEST(Payload, TheSignatureIsTheHmacOfTimeAndBody) {
    // openssl dgst -sha256 -hmac "It's a Secret to Everybody" of "1800000000.Hello, World!"
    EXPECT_EQ(sign_webhook("It's a Secret to Everybody", 1800000000, "Hello, World!"),
              "sha256=1d4a7592ae3975c74820b8984b614a5fd6ac817e81302c69861672dc2066a046");
    EXPECT_NE(sign_webhook("s", 1, "2.x"), sign_webhook("s", 12, ".x"));
}

}  // namespace
}  // namespace ntpopt
