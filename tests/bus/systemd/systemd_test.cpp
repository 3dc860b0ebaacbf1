// What systemd says of the NTP units, joined with what /proc shows; and a systemd that lies, or says nothing.
#include "daemon/io/bus/systemd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "daemon/apply/detect.hpp"
#include "tests/bus/harness/private_bus.hpp"
#include "tests/bus/systemd/fake_systemd.hpp"

namespace ntpopt::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* kInvocation = "000102030405060708090a0b0c0d0e0f";

FakeUnit running(std::string id, std::uint32_t pid) {
    FakeUnit unit;
    unit.id = std::move(id);
    unit.active_state = "active";
    unit.sub_state = "running";
    unit.main_pid = FakeValue::of(pid);
    unit.invocation = FakeValue::of(std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
    return unit;
}

FakeUnit resting(std::string id, std::string load_state = "loaded") {
    FakeUnit unit;
    unit.id = std::move(id);
    unit.load_state = std::move(load_state);
    return unit;
}

ProcessInfo process(pid_t pid, const std::string& name) {
    ProcessInfo info;
    info.pid = pid;
    info.parent = 1;
    info.name = name;
    info.arguments = {name};
    info.start_ticks = 77;
    return info;
}

class Units : public testing::Test {
  protected:
    Result<std::vector<UnitFacts>> ask() {
        return loop_.run(systemd_.units({"chrony.service", "chronyd.service", "ntpsec.service",
                                         "systemd-timesyncd.service", "ntpd-rs.service", "openntpd.service"}));
    }
    Detected detect(const std::vector<ProcessInfo>& processes) {
        auto units = ask();
        EXPECT_TRUE(units) << units.error().detail;
        return judge_processes(processes, units ? *units : std::vector<UnitFacts>(), {});
    }

    PrivateBus bus_{Policies::permissive};
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    Loop loop_;
    BusPump pump_{loop_.io, *connection_, [](const Error&) {}};
    Systemd systemd_{pump_, 3s};
    std::optional<FakeSystemd> fake_{loop_};
};

TEST_F(Units, TheAliasLeadsToTheOneUnitAndItsInvocation) {
    fake_->add(running("chrony.service", 10), {"chronyd.service"});
    EXPECT_THAT(*ask(), SizeIs(1));
    const auto found = detect({process(10, "chronyd")});
    EXPECT_EQ(found.service, Service::chronyd);
    EXPECT_EQ(found.unit, "chrony.service");
    EXPECT_EQ(found.invocation, kInvocation);
    EXPECT_THAT(found.refusals, IsEmpty());
    EXPECT_TRUE(instance_of(found.process).starts_with("10:77:"))
        << "whether systemd answers does not change who it is";
}

TEST_F(Units, AUnitThatRestsIsNamedWithWhatToDo) {
    fake_->add(resting("chrony.service"), {"chronyd.service"});
    EXPECT_THAT(detect({}).refusals,
                ElementsAre("no NTP service runs here",
                            "chrony.service is installed but not active: systemctl enable --now chrony"));
    EXPECT_THAT(detect({process(10, "ntpd")}).refusals, testing::IsEmpty())
        << "beside a service that runs it means nothing";
}

TEST_F(Units, AMaskedUnitAFailedOneAndABrokenOneAreNamedWithWhatToDo) {
    fake_->add(resting("chrony.service", "masked"));
    fake_->add(resting("ntpsec.service", "bad-setting"));
    auto failed = resting("systemd-timesyncd.service");
    failed.active_state = "failed";
    fake_->add(failed);
    EXPECT_THAT(detect({}).refusals,
                ElementsAre("no NTP service runs here",
                            "chrony.service is masked: systemctl unmask chrony && systemctl enable --now chrony",
                            HasSubstr("ntpsec.service cannot be loaded (bad-setting)"),
                            HasSubstr("systemd-timesyncd.service has failed")));
}

TEST_F(Units, AUnitThatAContainerKeepsFromStartingSaysWhereTheClockIsKept) {
    auto timesyncd = resting("systemd-timesyncd.service");
    timesyncd.condition_result = FakeValue::of(false);
    timesyncd.conditions = FakeValue::of(
        std::vector<FakeCondition>{FakeCondition("ConditionCapability", false, false, "CAP_SYS_TIME", 1),
                                   FakeCondition("ConditionVirtualization", false, true, "container", -1)});
    fake_->add(timesyncd);
    auto chrony = resting("chrony.service");
    chrony.condition_result = FakeValue::of(false);
    chrony.conditions = FakeValue::of(
        std::vector<FakeCondition>{FakeCondition("ConditionCapability", false, false, "CAP_SYS_TIME", -1)});
    fake_->add(chrony);
    EXPECT_THAT(
        detect({}).refusals,
        ElementsAre(
            "no NTP service runs here",
            "chrony.service was not started because ConditionCapability=CAP_SYS_TIME does not hold: a container "
            "has the clock of its host, so let the host keep it and run ntpopt there",
            HasSubstr("systemd-timesyncd.service was not started because ConditionVirtualization=!container")));
}

TEST_F(Units, OtherConditionsAreNamedAsTheUnitFileHasThem) {
    const auto rest_of = [&](std::vector<FakeCondition> conditions, bool result = false) {
        auto unit = resting("chrony.service");
        unit.condition_result = FakeValue::of(result);
        unit.conditions = FakeValue::of(std::move(conditions));
        fake_.emplace(loop_);
        fake_->add(unit);
        return detect({}).refusals.back();
    };
    const FakeCondition path("ConditionPathExists", false, true, "/etc/a b;reboot\n", -1);
    EXPECT_EQ(rest_of({path}),
              "chrony.service was not started because ConditionPathExists=!/etc/a b;reboot\\x0a does "
              "not hold: see systemctl status chrony");
    const FakeCondition one("ConditionHost", true, false, "a", -1);
    const FakeCondition other("ConditionHost", true, false, "b", 1);
    EXPECT_THAT(rest_of({one, path}), HasSubstr("ConditionHost=a and ConditionPathExists="));
    EXPECT_THAT(rest_of({one, other, path}), Not(HasSubstr("ConditionHost"))) << "one of the two sufficed";
    EXPECT_THAT(rest_of({path}, true), HasSubstr("enable --now")) << "what failed was before the last start";
    EXPECT_THAT(rest_of(std::vector<FakeCondition>(10000, path)), testing::SizeIs(testing::Lt(4000u)));
}

TEST_F(Units, ConditionsOfAnotherTypeAreNotKnown) {
    auto strange = resting("chrony.service");
    strange.condition_result = FakeValue::of(false);
    strange.conditions = FakeValue::of(std::string("ConditionVirtualization=!container"));
    fake_->add(strange);
    EXPECT_THAT(detect({}).refusals.back(), HasSubstr("enable --now"));
}

TEST_F(Units, NobodyIsToldToStartAServiceThatNtpoptDoesNotChange) {
    fake_->add(resting("ntpd-rs.service"));
    fake_->add(resting("openntpd.service", "masked"));
    EXPECT_THAT(detect({}).refusals, ElementsAre("no NTP service runs here"));
}

TEST_F(Units, TwoThatRunAreBothNamed) {
    fake_->add(running("chrony.service", 10));
    fake_->add(running("systemd-timesyncd.service", 20));
    EXPECT_THAT(detect({process(10, "chronyd"), process(20, "systemd-timesyncd")}).refusals,
                ElementsAre("systemd-timesyncd (PID 20, systemd-timesyncd.service) runs beside chronyd "
                            "(chrony.service): they fight over the clock, stop all but one"));
}

TEST_F(Units, AMainProcessThatIsNoNtpProgramIsNotBelieved) {
    fake_->add(running("chrony.service", 4711));
    const auto alone = detect({});
    EXPECT_EQ(alone.service, Service::none);
    EXPECT_THAT(alone.refusals, ElementsAre("no NTP service runs here", HasSubstr("no NTP program that ntpopt knows")));
    const auto beside = detect({process(10, "chronyd")});
    EXPECT_EQ(beside.process.pid, 10);
    EXPECT_EQ(beside.unit, "");
    EXPECT_EQ(beside.invocation, "");
    EXPECT_THAT(beside.refusals, IsEmpty());
}

TEST_F(Units, PropertiesOfOtherTypesAreNotKnown) {
    auto strange = running("chrony.service", 10);
    strange.main_pid = FakeValue::of(std::string("ten"));
    strange.file_state = FakeValue::of(std::vector<std::string>{"enabled"});
    strange.invocation = FakeValue::of(std::vector<std::uint8_t>(17));
    fake_->add(strange);
    const auto units = ask();
    ASSERT_TRUE(units) << units.error().detail;
    ASSERT_THAT(*units, SizeIs(1));
    EXPECT_EQ(units->front().main_pid, 0);
    EXPECT_EQ(units->front().file_state, "");
    EXPECT_EQ(units->front().invocation, "");
    auto endless = running("ntpsec.service", UINT32_MAX);
    fake_->add(endless);
    EXPECT_EQ(ask()->back().main_pid, 0) << "a number that no process can have";
}

TEST_F(Units, AListOfAnotherTypeIsAnError) {
    fake_.reset();
    fake_.emplace(loop_, "s");
    EXPECT_EQ(ask().error().code, Errc::parse);
}

TEST_F(Units, OnlyAsManyAsWereAskedForAreRead) {
    fake_->add(running("chrony.service", 10));
    fake_->mood = FakeSystemd::Mood::tells_ten_thousand;
    EXPECT_THAT(*ask(), SizeIs(1));
}

TEST_F(Units, ANameThatAShellWouldReadIsLeftOut) {
    fake_->add(resting("a;reboot.service"), {"chrony.service"});
    fake_->add(resting("$(reboot).service"), {"chronyd.service"});
    fake_->add(resting("ntpsec.timer"), {"ntpsec.service"});
    fake_->add(resting("-H.service"), {"systemd-timesyncd.service"});
    EXPECT_THAT(*ask(), IsEmpty());
}

TEST_F(Units, WhoDoesNotAnswerIsNotAskedAgainForAWhile) {
    fake_->mood = FakeSystemd::Mood::silent;
    EXPECT_EQ(ask().error().code, Errc::timeout);
    EXPECT_EQ(ask().error().code, Errc::unavailable);
    EXPECT_EQ(fake_->asked, 1);
}

TEST(NoSystemd, IsNothingToKnowAndNothingIsStarted) {
    PrivateBus bus{Policies::permissive};
    const auto connection = sdbus::createSystemBusConnection();
    Loop loop;
    BusPump pump{loop.io, *connection, [](const Error&) {}};
    Systemd systemd{pump};
    const auto units = loop.run(systemd.units({"chrony.service"}));
    ASSERT_TRUE(units) << units.error().detail;
    EXPECT_THAT(*units, IsEmpty());
    EXPECT_TRUE(loop.run(detect_service({}, &systemd)));
}

}  // namespace
}  // namespace ntpopt::test
