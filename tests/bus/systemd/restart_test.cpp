// A unit that is restarted through systemd: only the end of the very job counts, and only the unit is the proof.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/io/bus/systemd.hpp"
#include "tests/bus/harness/private_bus.hpp"
#include "tests/bus/systemd/fake_systemd.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;

constexpr const char* kUnitName = "ntpsec.service";

FakeUnit runs_as(std::uint32_t pid, std::uint8_t invocation) {
    FakeUnit unit;
    unit.id = kUnitName;
    unit.active_state = "active";
    unit.sub_state = "running";
    unit.main_pid = FakeValue::of(pid);
    unit.invocation = FakeValue::of(std::vector<std::uint8_t>(16, invocation));
    return unit;
}

class RestartUnit : public testing::Test {
  protected:
    void SetUp() override {
        fake_->add(runs_as(10, 1), {"ntp.service"});
        fake_->restart.after = runs_as(11, 2);
    }
    Result<UnitFacts> restart(const std::string& unit = kUnitName, Duration deadline = 30s) {
        return loop_.run(systemd_.restart(unit, deadline));
    }

    PrivateBus bus_{Policies::permissive};
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    Loop loop_;
    BusPump pump_{loop_.io, *connection_, [](const Error&) {}};
    Systemd systemd_{pump_};
    std::optional<FakeSystemd> fake_{loop_};
};

TEST_F(RestartUnit, TheAnswerIsTheUnitAsItRunsAnew) {
    const auto unit = restart();
    ASSERT_TRUE(unit) << unit.error().detail;
    EXPECT_EQ(unit->main_pid, 11);
    EXPECT_EQ(unit->invocation, "02020202020202020202020202020202");
}

TEST_F(RestartUnit, AJobThatFailedIsNamedWithWhatToDo) {
    fake_->restart.result = "failed";
    const auto unit = restart();
    EXPECT_EQ(unit.error().code, Errc::verification_failed);
    EXPECT_THAT(unit.error().detail, HasSubstr("could not restart ntpsec.service (failed): see systemctl status"));
}

TEST_F(RestartUnit, AJobThatIsDoneButLeftTheOldInvocationIsNoRestart) {
    fake_->restart.after = runs_as(10, 1);
    EXPECT_EQ(restart().error().code, Errc::verification_failed);
    fake_->restart.after = runs_as(12, 3);
    fake_->restart.after.active_state = "failed";
    EXPECT_EQ(restart().error().code, Errc::verification_failed);
}

TEST_F(RestartUnit, AJobWithoutAnEndIsGivenUpAtTheDeadline) {
    fake_->restart.result = "";
    EXPECT_EQ(restart(kUnitName, 3s).error().code, Errc::timeout);
}

TEST_F(RestartUnit, TheEndOfTheJobToldByAStrangerDoesNotCount) {
    fake_->restart.result = "";
    const auto stranger = sdbus::createSystemBusConnection();
    auto object = sdbus::createObject(*stranger, "/org/freedesktop/systemd1");
    object->registerSignal("org.freedesktop.systemd1.Manager", "JobRemoved", "uoss");
    object->finishRegistration();
    std::optional<Result<UnitFacts>> outcome;
    boost::asio::co_spawn(loop_.io, systemd_.restart(kUnitName, 3s),
                          [&](const std::exception_ptr&, Result<UnitFacts> result) { outcome = std::move(result); });
    while (!outcome) {
        auto forged = object->createSignal("org.freedesktop.systemd1.Manager", "JobRemoved");
        forged << std::uint32_t{7} << sdbus::ObjectPath(FakeSystemd::kJob) << kUnitName << "done";
        forged.setDestination(connection_->getUniqueName());
        object->emitSignal(forged);
        loop_.io.restart();
        loop_.io.run_for(20ms);
    }
    EXPECT_EQ(outcome->error().code, Errc::timeout);
}

TEST_F(RestartUnit, AUnitThatIsNotThereIsNotFound) {
    EXPECT_EQ(restart("chrony.service").error().code, Errc::not_found);
}

TEST_F(RestartUnit, WithoutSystemdItIsRefusedWithAReason) {
    fake_.reset();
    const auto unit = restart();
    EXPECT_EQ(unit.error().code, Errc::refused);
    EXPECT_THAT(unit.error().detail, HasSubstr("no systemd runs here"));
}

}  // namespace
}  // namespace ntpopt::test
