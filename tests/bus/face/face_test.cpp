// What org.ntpopt1.Manager answers and tells.
#include <unistd.h>

#include "daemon/io/bus/signals.hpp"
#include "dbus/compat.hpp"
#include "tests/bus/face/face_fixture.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::Face;
using testing::ElementsAre;
using testing::HasSubstr;

Json options(const std::string& text) {
    return Json::parse(text);
}

TEST_F(Face, ShowsItsProperties) {
    const auto shown = properties();
    EXPECT_EQ(shown["State"], "idle");
    EXPECT_EQ(shown["Service"], "chronyd");
    EXPECT_EQ(shown["Selected"], Json::parse(R"(["ntp1.example","ntp2.example:1123"])"));
    EXPECT_EQ(shown["Synchronised"], true);
    EXPECT_EQ(shown["IntervalUSec"], 21'600'000'000);
    EXPECT_EQ(shown["ClockErrorBoundNSec"], 1'500'000);
    EXPECT_EQ(shown["Alarms"], Json::array());
    EXPECT_EQ(shown.size(), 14U);
}

TEST_F(Face, ReadsWithoutAskingAnybody) {
    authority.allows = false;
    control.status_document = options(R"({"state":"idle","last_run":{"run_id":7}})");
    control.config_document = options(R"({"values":{"mode":"apply"}})");
    EXPECT_EQ(call<wire::Rows>("ListServers").value().value.size(), 4U);
    control.metrics_document = {
        {"packets_sent", 7},
        {"round_durations", {{"buckets", {{{"le", 15.0}, {"count", 2}}}}, {"sum", 3.5}, {"count", 2}}},
        {"servers", Json::array()}};
    EXPECT_EQ(call<wire::Dict>("GetMetrics").value().value, control.metrics_document);
    EXPECT_EQ(call<wire::Dict>("GetStatus").value().value, control.status_document);
    EXPECT_EQ(call<wire::Dict>("GetRun", std::uint64_t{0}).value().value["run_id"], 7);
    EXPECT_EQ(call<wire::Dict>("GetConfig").value().value, control.config_document);
    EXPECT_EQ(call<wire::Rows>("ListBlacklist").value().value, Json::array());
    EXPECT_EQ(call<wire::Rows>("GetHistory", wire::Dict()).value().value, Json::array());
    EXPECT_TRUE(call<wire::Dict>("Explain", std::string("ntp1.example")));
    EXPECT_TRUE(call<wire::Dict>("Explain", std::string()));
    control.evidence_document = options(R"([{"seq":3,"body":"{}"},{"seq":4,"body":"{}"}])");
    control.verification = options(R"({"ok":true})");
    EXPECT_EQ(call<wire::Rows>("GetEvidence", wire::Dict()).value().value.size(), 2U);
    EXPECT_EQ(call<wire::Rows>("GetEvidence", wire::Dict(Json{{"after_seq", std::uint64_t{3}}})).value().value.size(),
              1U);
    EXPECT_EQ(call<wire::Dict>("VerifyEvidence").value().value, control.verification);
    EXPECT_TRUE(authority.asked.empty());
}

TEST_F(Face, WhatWasRefusedIsForTheEvidenceAndWhatWasNotAllowedIsNot) {
    control.failure = Error{Errc::not_found, "it is not there"};
    EXPECT_FALSE(tell("Unblacklist", std::string("x.example")));
    ASSERT_EQ(control.operations.size(), 1U);
    EXPECT_EQ(control.operations.front().refusal, "it is not there");
    authority.allows = false;
    EXPECT_FALSE(tell("Unblacklist", std::string("x.example")));
    EXPECT_EQ(control.operations.size(), 1U);
}

TEST_F(Face, ChangesAreHandedOn) {
    EXPECT_EQ(call<std::uint64_t>("Reoptimize", wire::Dict()).value(), 7U);
    EXPECT_EQ(call<std::uint64_t>("Reoptimize", wire::Dict(options(R"({"dry_run":true})"))).value(), 7U);
    EXPECT_EQ(call<std::uint64_t>("Rollback", wire::Dict(options(R"({"original":true})"))).value(), 7U);
    EXPECT_TRUE(tell("Blacklist", std::string("Bad.Example"), std::uint64_t{3'600'000'000}));
    EXPECT_TRUE(tell("Blacklist", std::string("bad.example:124"), std::uint64_t{0}));
    EXPECT_TRUE(tell("Unblacklist", std::string("bad.example")));
    EXPECT_TRUE(tell("SetInterval", std::uint64_t{3'600'000'000}));
    EXPECT_TRUE(tell("SetInterval", std::uint64_t{0}));
    EXPECT_TRUE(tell("Reload"));
    control.notice_results = options(R"([{"channel":"email","ok":true,"detail":""}])");
    EXPECT_EQ(call<wire::Rows>("TestNotice", std::string("email")).value().value, control.notice_results);
    EXPECT_THAT(control.told,
                ElementsAre("reoptimize", "reoptimize dry", "rollback original", "blacklist bad.example 1h",
                            "blacklist bad.example:124 for good", "unblacklist bad.example", "interval 1h",
                            "interval as configured", "reload", "test_notice email"));
    // All of it is for the evidence, with the user whom the bus vouches for.
    std::vector<std::string> noted;
    for (const auto& operation : control.operations) {
        EXPECT_EQ(operation.user, geteuid());
        EXPECT_EQ(operation.refusal, "");
        noted.push_back(operation.method + operation.arguments.dump() + std::to_string(operation.run_id));
    }
    EXPECT_THAT(
        noted,
        ElementsAre(R"(Reoptimize{"dry_run":false}7)", R"(Reoptimize{"dry_run":true}7)",
                    R"(Rollback{"original":true}7)", R"(Blacklist{"server":"bad.example","for_usec":3600000000}0)",
                    R"(Blacklist{"server":"bad.example:124","for_usec":0}0)", R"(Unblacklist{"server":"bad.example"}0)",
                    R"(SetInterval{"interval_usec":3600000000}0)", R"(SetInterval{"interval_usec":0}0)", "Reload{}0",
                    R"(TestNotice{"channel":"email"}0)"));
    EXPECT_EQ(authority.asked.size(), 10U);
    EXPECT_EQ(authority.asked.front().user, geteuid());
}

TEST_F(Face, WhoMayNotIsDenied) {
    authority.allows = false;
    EXPECT_EQ(call<std::uint64_t>("Reoptimize", wire::Dict()).error().code, Errc::access_denied);
    EXPECT_EQ(call<std::uint64_t>("Rollback", wire::Dict()).error().code, Errc::access_denied);
    EXPECT_EQ(tell("Blacklist", std::string("a"), std::uint64_t{0}).error().code, Errc::access_denied);
    EXPECT_EQ(tell("Unblacklist", std::string("a")).error().code, Errc::access_denied);
    EXPECT_EQ(tell("SetInterval", std::uint64_t{1}).error().code, Errc::access_denied);
    EXPECT_EQ(tell("Reload").error().code, Errc::access_denied);
    EXPECT_EQ(call<wire::Rows>("TestNotice", std::string()).error().code, Errc::access_denied);
    EXPECT_TRUE(control.told.empty());
}

TEST_F(Face, OnlyWhoSaysSoIsAskedForAPassword) {
    EXPECT_TRUE(tell("Reload"));
    auto message = manager.message(contract::kManagerInterface, "Reload");
    compat::Interaction::allow(message);
    EXPECT_TRUE(loop.run(manager.call(std::move(message), 10s)));
    ASSERT_EQ(authority.asked.size(), 2U);
    EXPECT_FALSE(authority.asked[0].interactive);
    EXPECT_TRUE(authority.asked[1].interactive);
}

TEST_F(Face, FailuresKeepTheirNames) {
    for (const auto code : {Errc::busy, Errc::refused, Errc::not_found, Errc::shutting_down, Errc::service_not_found}) {
        control.failure = Error{code, "because"};
        const auto answer = call<std::uint64_t>("Reoptimize", wire::Dict());
        EXPECT_EQ(answer.error(), (Error{code, "because"}));
    }
    EXPECT_EQ(call<wire::Dict>("GetRun", std::uint64_t{99}).error().code, Errc::not_found);
}

// One unprivileged call that made a body throw ended the daemon: the exception unwound through sd-bus.
TEST_F(Face, ABugInABodyIsAnErrorOfThatCall) {
    control.throws = true;
    EXPECT_EQ(call<wire::Rows>("ListServers").error().code, Errc::internal);
    EXPECT_EQ(call<wire::Dict>("GetMetrics").error().code, Errc::internal);
    EXPECT_EQ(call<std::uint64_t>("Reoptimize", wire::Dict()).error().code, Errc::internal);
    auto message = manager.message(contract::kPropertiesInterface, "Get", std::string(contract::kManagerInterface),
                                   std::string("ClockErrorBoundNSec"));
    EXPECT_FALSE(loop.run(manager.call(std::move(message), 10s)));
    control.throws = false;
    EXPECT_TRUE(call<wire::Rows>("ListServers"));
    EXPECT_TRUE(escaped.empty());
}

class Told : public Face {
  protected:
    Told() {
        for (const auto* member : {"RunStarted", "RunProgress", "RunFinished", "SelectionChanged", "ServerBlacklisted"})
            watch(contract::kManagerInterface, member);
        watch(contract::kPropertiesInterface, "PropertiesChanged");
    }

    void watch(const std::string& interface, const std::string& member) {
        watches.push_back(std::make_unique<SignalWatch>(
            client_pump, server_connection->getUniqueName(), SignalRule{contract::kManagerPath, interface, member},
            [this, member](sdbus::Message& m) {
                auto arguments = Json::array();
                for (std::string type, contents; m.peekType(type, contents), type.front() != '\0';)
                    arguments.push_back(wire::read_value(m));
                heard.push_back(member + " " + render_json(arguments));
            }));
    }

    std::vector<std::string> heard;
    std::vector<std::unique_ptr<SignalWatch>> watches;
};

TEST_F(Told, ChangedPropertiesOnceATurn) {
    control.properties.state = "probe";
    face.changed();
    control.properties.synchronised = false;
    face.changed();
    face.changed();
    ASSERT_TRUE(loop.until([&] { return heard.size() == 1; }));
    EXPECT_THAT(heard.front(), HasSubstr(R"({"State":"probe","Synchronised":false})"));
    face.changed();
    face.run_started(1, false);
    ASSERT_TRUE(loop.until([&] { return heard.size() == 2; }));
    EXPECT_EQ(heard.back(), "RunStarted [1,false]") << "nothing had changed, so nothing was told";
}

TEST_F(Told, TheStoryOfARun) {
    face.run_started(8, true);
    for (std::size_t i = 0; i <= 1000; ++i)
        face.run_progress(8, "probe", i, 1000);
    face.run_progress(8, "score", 0, 1);
    face.run_finished(8, test::sample_report(8, "applied"));
    face.selection_changed({"a"}, {"b", "c"}, "better");
    face.server_blacklisted("bad", 5, "failed 3 rounds");
    ASSERT_TRUE(loop.until([&] { return !heard.empty() && heard.back().starts_with("ServerBlacklisted"); }));
    EXPECT_EQ(heard.front(), "RunStarted [8,true]");
    EXPECT_EQ(heard[1], R"(RunProgress [8,"probe",0,1000])");
    EXPECT_THAT(heard, testing::Contains(R"(RunProgress [8,"probe",1000,1000])"));
    EXPECT_THAT(heard, testing::Contains(R"(RunProgress [8,"score",0,1])"));
    EXPECT_THAT(heard, testing::Contains(R"(SelectionChanged [["a"],["b","c"],"better"])"));
    EXPECT_EQ(heard.back(), R"(ServerBlacklisted ["bad",5,"failed 3 rounds"])");
    EXPECT_LT(heard.size(), 60U) << "progress is not told a thousand times";
    const auto finished =
        *std::find_if(heard.begin(), heard.end(), [](auto& h) { return h.starts_with("RunFinished"); });
    EXPECT_THAT(finished, HasSubstr(R"("outcome":"applied")"));
    EXPECT_THAT(finished, testing::Not(HasSubstr("diff"))) << "everybody hears it";
    EXPECT_THAT(finished, testing::Not(HasSubstr("liar.example")));
}

}  // namespace
}  // namespace ntpopt
