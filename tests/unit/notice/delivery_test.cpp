// What the daemon and ntpopt-notify say to each other, and which channel asks for what.
#include "daemon/core/notice/delivery.hpp"

#include <gmock/gmock.h>

#include "daemon/core/config/parse.hpp"
#include "tests/unit/notice/samples.hpp"

namespace ntpopt {
namespace {

using test::at;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr const char* kEverything = R"(
[notify]
min_severity = "warning"
error_bound_limit = "off"
[notify.email]
server = "mail.example"
security = "tls"
from = "ntpopt@host.example"
to = ["a@example.net", "b@example.net"]
username = "time"
password_file = "mail-password"
[notify.slack]
url_file = "/etc/ntpopt/slack"
[notify.discord]
url_file = "discord"
[[notify.webhook]]
url_file = "/etc/ntpopt/hook"
secret_file = "/etc/ntpopt/hook-secret"
[[notify.webhook]]
url_file = "/etc/ntpopt/hook2"
[notify.command]
argv = ["/usr/bin/logger", "-t", "time"]
)";

std::vector<NotifyChannel> channels() {
    const auto parsed = parse_config({{"test", kEverything}});
    EXPECT_TRUE(parsed.ok()) << render_problems(parsed.problems);
    return channels_of(parsed.config.notify);
}

Notice sample() {
    return make_notice("x.1-1.1", "host.example", {test::changed_event()}, 0, at(5s));
}

TEST(NotifyConfig, IsOffByDefaultAndHasAChannelForEachSection) {
    EXPECT_THAT(channels_of(NotifyConfig{}), SizeIs(0));
    std::string names;
    for (const auto& channel : channels())
        names += channel.name + " ";
    EXPECT_EQ(names, "email slack discord webhook webhook2 command ");
}

TEST(NotifyConfig, MistakesAreNamed) {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"[notify.email]\nserver = \"m.example\"\n", "mail needs notify.email.from and notify.email.to"},
        {"[notify.email]\nto = [\"a@b.example\"]\n", "no mail goes without notify.email.server"},
        {"[notify.slack]\nurl_file = \"https://hooks.example/secret\"\n", "the secret itself goes into that file"},
        {"[notify.email]\nusername = \"x\"\n", "username and password_file go together"},
        {"[notify.email]\nusername = \"x\"\npassword_file = \"p\"\nsecurity = \"none\"\n",
         "a password is not sent without TLS"},
        {"[notify.email]\nto = [\"a@b.example\\r\\nBcc: x@y.example\"]\n", "is not an address"},
        {"[notify.email]\nfrom = \"a b@c.example\"\n", "is not an address"},
        {"[notify.email]\nserver = \"m.example/x\"\n", "notify.email.server"},
        {"[notify.email]\npassword = \"secret\"\n", "notify.email.password: unknown key"},
        {"[notify.slack]\nurl_file = \"../x\"\n", "neither an absolute path nor the name of a credential"},
        {"[[notify.webhook]]\nsecret_file = \"x\"\n", "url_file is missing"},
        {"[[notify.webhook]]\nurl = \"https://x\"\n", "'url' is no key of a webhook"},
        {"[notify.command]\nargv = [\"logger\"]\n", "must be an absolute path"},
        {"[notify]\nemail = 3\n", "is a section: write [notify.email]"},
    };
    for (const auto& [text, problem] : rows) {
        const auto parsed = parse_config({{"test", text}});
        EXPECT_THAT(render_problems(parsed.problems), HasSubstr(problem)) << text;
        EXPECT_THAT(render_problems(parsed.problems), testing::Not(HasSubstr("example/secret"))) << text;
    }
}

TEST(DeliveryRequest, NamesTheFilesOfSecretsAndNoSecret) {
    const auto all = channels();
    const auto mail = make_delivery_request(all[0], sample(), "/run/credentials/ntpoptd.service");
    ASSERT_TRUE(mail);
    EXPECT_TRUE(mail->mail);
    EXPECT_EQ(mail->port, 465);
    EXPECT_EQ(mail->secret_file, "/run/credentials/ntpoptd.service/mail-password");
    const auto hook = make_delivery_request(all[3], sample(), "");
    ASSERT_TRUE(hook);
    EXPECT_EQ(hook->url_file, "/etc/ntpopt/hook");
    EXPECT_EQ(hook->secret_file, "/etc/ntpopt/hook-secret");
    EXPECT_EQ(hook->time_s, 1800000005);
    const auto discord = make_delivery_request(all[2], sample(), "");
    ASSERT_FALSE(discord);
    EXPECT_THAT(discord.error().detail, HasSubstr("no credential discord"));
}

TEST(DeliveryRequest, IsReadBackAsItWasWritten) {
    for (auto channel : channels()) {
        if (channel.way == NotifyChannel::Way::command) continue;
        channel.wait_for_all = channel.way == NotifyChannel::Way::email;
        const auto request = make_delivery_request(channel, sample(), "/run/c");
        ASSERT_TRUE(request);
        EXPECT_EQ(request->wait_for_all, request->mail);
        EXPECT_EQ(*parse_delivery_request(render_delivery_request(*request)), *request) << channel.name;
    }
}

TEST(DeliveryRequest, WhatIsNoRequestIsRefused) {
    for (const std::string& text : std::vector<std::string>{
             "", "{}", "[]", "{\"way\":\"ftp\"}", "{\"way\":\"https\"}", "{\"way\":\"smtp\"}",
             R"({"way":"smtp","server":"m","from":"a@b","to":["c@d"],"security":"ssl"})",
             R"({"way":"smtp","server":"m","from":"a@b","to":["c@d"],"security":"none","username":"u"})"})
        EXPECT_FALSE(parse_delivery_request(text)) << text;
}

TEST(Delivery, IsReadBackAndWhatIsNoneIsAFailureThatMayPass) {
    const auto back = parse_delivery(render_delivery({false, true, "refused\n\x1b[31m"}));
    EXPECT_FALSE(back.ok);
    EXPECT_TRUE(back.permanent);
    EXPECT_EQ(back.detail.find('\n'), std::string::npos);
    EXPECT_TRUE(parse_delivery("{\"ok\":true}").ok);
    for (const std::string& text : std::vector<std::string>{"", "null", "{}", "{\"ok\":1}", "x"}) {
        EXPECT_FALSE(parse_delivery(text).ok) << text;
        EXPECT_FALSE(parse_delivery(text).permanent) << text;
    }
}

}  // namespace
}  // namespace ntpopt
