// Which process is the NTP service, and when it must not be touched.
#include "daemon/apply/detect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ProcessInfo process(pid_t pid, std::string name, std::vector<std::string> arguments = {}, pid_t parent = 1) {
    ProcessInfo info;
    info.pid = pid;
    info.parent = parent;
    info.exe = "/usr/sbin/" + name;
    info.arguments = std::move(arguments);
    info.arguments.insert(info.arguments.begin(), name);
    info.name = std::move(name);
    return info;
}

TEST(Detect, one_chronyd_with_its_helper) {
    const auto found =
        judge_processes({process(10, "chronyd", {"-F", "1"}), process(11, "chronyd", {"-F", "1"}, 10)}, {}, {});
    EXPECT_EQ(found.service, Service::chronyd);
    EXPECT_EQ(found.process.pid, 10);
    EXPECT_THAT(found.refusals, IsEmpty());
}

TEST(Detect, a_chronyd_that_only_answers_a_question_is_no_service) {
    const auto found = judge_processes(
        {process(9, "chronyd", {"-p"}), process(10, "chronyd"), process(12, "chronyd", {"-Q", "server x"})}, {}, {});
    EXPECT_EQ(found.process.pid, 10);
    EXPECT_THAT(found.refusals, IsEmpty());
    EXPECT_EQ(judge_processes({process(9, "chronyd", {"-q"})}, {}, {}).service, Service::none);
}

TEST(Detect, two_services_fight_over_the_clock) {
    EXPECT_THAT(judge_processes({process(10, "chronyd"), process(20, "systemd-timesyncd")}, {}, {}).refusals,
                ElementsAre(HasSubstr("systemd-timesyncd (PID 20) runs beside chronyd")));
    EXPECT_THAT(judge_processes({process(10, "chronyd"), process(20, "chronyd")}, {}, {}).refusals,
                ElementsAre(HasSubstr("chronyd (PID 20)")));
    EXPECT_THAT(judge_processes({process(10, "chronyd"), process(20, "timemaster")}, {}, {}).refusals,
                ElementsAre(HasSubstr("timemaster (PID 20) runs beside chronyd"), HasSubstr("in timemaster.conf")));
    EXPECT_THAT(judge_processes({process(10, "chronyd"), process(20, "ntpd")}, {}, {}).refusals,
                ElementsAre("ntpd (PID 20) runs beside chronyd: they fight over the clock, stop all but one"));
}

TEST(Detect, timemaster_s_chronyd_is_not_ours) {
    EXPECT_THAT(judge_processes({process(10, "chronyd", {"-n", "-f", "/run/timemaster/chrony.conf"})}, {}, {}).refusals,
                ElementsAre(HasSubstr("timemaster")));
}

TEST(Detect, a_phc2sys_that_sets_the_hardware_by_the_clock_is_no_rival) {
    const auto found = judge_processes(
        {process(10, "chronyd"), process(20, "phc2sys", {"-s", "CLOCK_REALTIME", "-c", "eth0"})}, {}, {});
    EXPECT_EQ(found.service, Service::chronyd);
    EXPECT_THAT(found.refusals, IsEmpty());
}

TEST(Detect, chronyd_restricted_is_a_chronyd) {
    auto restricted = process(10, "chronyd", {"-U", "-F", "2"});
    restricted.unit = "chronyd-restricted.service";
    const auto found = judge_processes({restricted}, {}, {});
    EXPECT_EQ(found.service, Service::chronyd);
    EXPECT_EQ(found.unit, "chronyd-restricted.service");
    EXPECT_THAT(found.refusals, IsEmpty());
}

ProcessInfo of_user(uid_t user, ProcessInfo process) {
    process.user = user;
    return process;
}

TEST(Detect, what_users_run_is_not_the_machine_s) {
    EXPECT_THAT(judge_processes({of_user(1000, process(10, "chronyd"))}, {}, {}).refusals,
                ElementsAre("no NTP service runs here",
                            "chronyd (PID 10) of user 1000 is not taken for the machine's NTP service: it is no system "
                            "service's, and has no right to set the clock"));
    auto service = of_user(100, process(20, "chronyd"));
    EXPECT_EQ(judge_processes({service}, {}, {}).process.pid, 20)
        << "as in a container, where it may not set the clock";
    service.in_session = true;
    EXPECT_EQ(judge_processes({service}, {}, {}).service, Service::none);
    service.may_set_clock = true;
    EXPECT_EQ(judge_processes({service}, {}, {}).process.pid, 20) << "which root alone can have given it";
    const auto found =
        judge_processes({of_user(1000, process(10, "chronyd")), of_user(33, process(11, "chronyd")), service}, {}, {});
    EXPECT_EQ(found.process.pid, 20);
    EXPECT_THAT(found.refusals, IsEmpty());
    auto unit = of_user(1005, process(30, "chronyd"));
    unit.unit = "chronyd.service";
    EXPECT_EQ(judge_processes({unit}, {}, {}).process.pid, 30);
}

TEST(Detect, a_program_that_others_can_change_is_never_the_service) {
    auto loose = process(10, "chronyd");
    loose.distrust = "/home/a/chronyd belongs to another user or can be written by others";
    EXPECT_THAT(judge_processes({loose}, {}, {}).refusals,
                ElementsAre("no supported NTP service runs here, but chronyd (PID 10) does",
                            "chronyd (PID 10) is left alone: " + loose.distrust));
    const auto found = judge_processes({loose, process(20, "ntpd")}, {}, {});
    EXPECT_EQ(found.process.pid, 20);
    EXPECT_THAT(found.refusals, ElementsAre(HasSubstr("chronyd (PID 10) runs beside ntpd"), HasSubstr(loose.distrust)));
    loose.user = 1000;
    EXPECT_THAT(judge_processes({loose, process(20, "ntpd")}, {}, {}).refusals, IsEmpty());
}

TEST(Detect, of_several_the_one_of_a_known_unit_counts_and_then_the_oldest) {
    auto first = process(10, "ntpd");
    first.start_ticks = 9;
    auto second = process(20, "chronyd");
    second.start_ticks = 5;
    EXPECT_EQ(judge_processes({first, second}, {}, {}).process.pid, 20);
    first.unit = "ntpsec.service";
    EXPECT_EQ(judge_processes({first, second}, {}, {}).process.pid, 10);
}

TEST(Detect, what_is_not_supported_is_named) {
    EXPECT_THAT(judge_processes({process(10, "ntpd")}, {}, {}).refusals, testing::IsEmpty())
        << "which ntpd it is its backend finds out";
    EXPECT_THAT(judge_processes({process(10, "ntp-daemon")}, {}, {}).refusals,
                ElementsAre("no supported NTP service runs here, but ntpd-rs (PID 10) does",
                            HasSubstr("choose its servers in /etc/ntpd-rs/ntp.toml, or run chrony")));
    EXPECT_THAT(judge_processes({process(10, "phc2sys", {"-s", "eth0"})}, {}, {}).refusals,
                ElementsAre(HasSubstr("but phc2sys (PID 10) does"), HasSubstr("PTP hardware clock")));
    EXPECT_THAT(judge_processes({process(10, "timemaster")}, {}, {}).refusals,
                ElementsAre(HasSubstr("but timemaster (PID 10) does"), HasSubstr("timemaster.conf")));
    EXPECT_THAT(judge_processes({}, {}, {}).refusals, ElementsAre("no NTP service runs here"));
    ApplyConfig config;
    config.service = "timesyncd";
    EXPECT_EQ(judge_processes({process(10, "chronyd")}, {}, config).service, Service::none);
}

}  // namespace
}  // namespace ntpopt
