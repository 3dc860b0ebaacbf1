// Implementation of private_bus.hpp.
#include "tests/bus/harness/private_bus.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/text.hpp"

namespace ntpopt::test {
namespace {

constexpr int kStartMs = 60'000;
constexpr uid_t kNobody = 65534;

constexpr const char* kHead = R"(<?xml version="1.0"?>
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:dir={}</listen>
  <auth>EXTERNAL</auth>
  {}
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
)";

constexpr const char* kPermissive = R"(
  <policy context="mandatory">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="false"/>
    <allow receive_sender="*"/>
    <allow send_requested_reply="false" send_type="method_return"/>
    <allow receive_requested_reply="false" receive_type="method_return"/>
  </policy>
)";

std::string own_user() {
    const auto* entry = getpwuid(geteuid());
    return entry ? entry->pw_name : std::to_string(geteuid());
}

/// The policies inside one of our files, for our user.
std::string shipped_policies(const std::string& name) {
    std::ifstream file(std::string(NTPOPT_POLICIES) + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    auto policies = text.str();
    const auto begin = policies.find("<busconfig>") + std::string_view("<busconfig>").size();
    policies = policies.substr(begin, policies.rfind("</busconfig>") - begin);
    for (std::size_t at; (at = policies.find("@NTPOPT_USER@")) != std::string::npos;)
        policies.replace(at, std::string_view("@NTPOPT_USER@").size(), own_user());
    return policies;
}

std::string read_line(int fd) {
    std::string line;
    pollfd ready{fd, POLLIN, 0};
    while (!line.ends_with('\n')) {
        std::array<char, 512> chunk{};
        if (::poll(&ready, 1, kStartMs) != 1) throw std::runtime_error("dbus-daemon does not start");
        const auto got = ::read(fd, chunk.data(), chunk.size());
        if (got <= 0) throw std::runtime_error("dbus-daemon failed to start");
        line.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return std::string(trim(line));
}

}  // namespace

PrivateBus::PrivateBus(Policies policies, const std::string& directory_of_services) {
    ::chmod(directory_.c_str(), 0711);
    const auto config = directory_ + "/bus.conf";
    {
        std::ofstream file(config);
        const auto services = directory_of_services.empty()
                                  ? std::string()
                                  : fmt::format("<servicedir>{}</servicedir>", directory_of_services);
        file << fmt::format(kHead, directory_, services) << shipped_policies("org.ntpopt1.conf.in")
             << shipped_policies("org.ntpopt1.Applier.conf.in") << (policies == Policies::permissive ? kPermissive : "")
             << "</busconfig>\n";
    }
    std::array<int, 2> pipe_ends{};
    if (::pipe(pipe_ends.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pipe_ends[0]);
        const auto log = directory_ + "/log";
        ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
        const auto config_option = "--config-file=" + config;
        const auto address_option = fmt::format("--print-address={}", pipe_ends[1]);
        ::execlp("dbus-daemon", "dbus-daemon", config_option.c_str(), address_option.c_str(), "--nofork", "--nopidfile",
                 "--nosyslog", nullptr);
        ::_exit(127);
    }
    ::close(pipe_ends[1]);
    address_ = read_line(pipe_ends[0]);
    ::close(pipe_ends[0]);
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", address_.c_str(), 1);
}

PrivateBus::~PrivateBus() {
    kill();
}

void PrivateBus::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

int as_nobody(int (*function)()) {
    const auto child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
            ::_exit(126);
        ::_exit(function());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

}  // namespace ntpopt::test
