// Implementation of detect.hpp.
#include "daemon/apply/detect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace ntpopt {
namespace {

using std::string_view;

struct Program {
    string_view exe;
    string_view people_call_it;
    Service service;
};

/// Programs that steer the clock. ntp-daemon is ntpd-rs; OpenNTPD's program is called ntpd too.
constexpr std::array<Program, 6> kPrograms{{{"chronyd", "chronyd", Service::chronyd},
                                            {"ntpd", "ntpd", Service::ntpd},
                                            {"systemd-timesyncd", "systemd-timesyncd", Service::timesyncd},
                                            {"ntp-daemon", "ntpd-rs", Service::none},
                                            {"timemaster", "timemaster", Service::none},
                                            {"phc2sys", "phc2sys", Service::none}}};

const Program& program_of(const ProcessInfo& process) {
    return *std::find_if(kPrograms.begin(), kPrograms.end(),
                         [&](const auto& program) { return program.exe == process.name; });
}

bool has_argument(const ProcessInfo& process, std::initializer_list<string_view> wanted) {
    return std::any_of(process.arguments.begin(), process.arguments.end(), [&](const auto& argument) {
        return std::find(wanted.begin(), wanted.end(), argument) != wanted.end();
    });
}

/// chronyd forks a helper for NTS; and `chronyd -p`, `-q`, `-Q`, `-v`, `ntpd -q` end by themselves.
bool counts(const ProcessInfo& process, const std::vector<ProcessInfo>& all) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const auto& other) { return other.pid == process.parent && other.name == process.name; }))
        return false;
    if (process.name == "chronyd") return !has_argument(process, {"-p", "-q", "-Q", "-v", "--version", "-h"});
    return !(process.name == "ntpd" && has_argument(process, {"-q", "--quit"}));
}

}  // namespace

Detected judge_processes(const std::vector<ProcessInfo>& processes, const ApplyConfig& config) {
    std::vector<ProcessInfo> services;
    for (const auto& process : processes)
        if (counts(process, processes)) services.push_back(process);

    Detected detected;
    std::string others;
    for (const auto& process : services) {
        const Program& program = program_of(process);
        const bool wanted = program.service != Service::none &&
                            (config.service == "auto" || config.service == name_of(program.service));
        if (wanted && detected.service == Service::none) {
            detected.service = program.service;
            detected.process = process;
        } else {
            others += fmt::format("{}{} (PID {})", others.empty() ? "" : ", ", program.people_call_it, process.pid);
        }
    }
    if (detected.service == Service::none) {
        detected.refusals.push_back(others.empty()
                                        ? "no NTP service runs here"
                                        : fmt::format("no supported NTP service runs here, but {} does", others));
    } else if (!others.empty()) {
        detected.refusals.push_back(
            fmt::format("{} runs beside {}: they fight over the clock", others, name_of(detected.service)));
    } else if (detected.service != Service::chronyd) {
        detected.refusals.push_back(fmt::format("changing {} is not supported yet", name_of(detected.service)));
    }
    if (detected.service == Service::chronyd &&
        has_argument(detected.process, {"/run/timemaster/chrony.conf", "/var/run/timemaster/chrony.conf"}))
        detected.refusals.push_back("timemaster runs this chronyd and writes its configuration");
    return detected;
}

Result<Detected> detect_service(const ApplyConfig& config) {
    std::vector<string_view> names;
    for (const auto& program : kPrograms)
        names.push_back(program.exe);
    auto processes = find_processes(names);
    if (!processes) return processes.error();
    return judge_processes(*processes, config);
}

}  // namespace ntpopt
