// Implementation of detect.hpp.
#include "daemon/apply/detect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include "daemon/io/sys/journal.hpp"

namespace ntpopt {
namespace {

using std::string_view;

struct Program {
    string_view exe;
    string_view people_call_it;
    Service service;
    string_view advice;  ///< where the service is none: what to do instead
};

/// Programs that steer the clock. ntp-daemon is ntpd-rs; OpenNTPD's program is called ntpd too.
constexpr std::array<Program, 6> kPrograms{
    {{"chronyd", "chronyd", Service::chronyd, ""},
     {"ntpd", "ntpd", Service::ntpd, ""},
     {"systemd-timesyncd", "systemd-timesyncd", Service::timesyncd, ""},
     {"ntp-daemon", "ntpd-rs", Service::none,
      "ntpopt does not change ntpd-rs: choose its servers in /etc/ntpd-rs/ntp.toml, or run chrony, ntpsec or "
      "systemd-timesyncd in its place"},
     {"timemaster", "timemaster", Service::none,
      "timemaster joins PTP with NTP and writes the configuration of its chronyd or ntpd itself: choose the NTP "
      "servers "
      "in timemaster.conf"},
     {"phc2sys", "phc2sys", Service::none,
      "phc2sys sets the clock by a PTP hardware clock: there are no NTP servers to choose until it is stopped"}}};

/// Units whose programs ntpopt does not change: advice to start one would lead nowhere.
constexpr std::array<string_view, 3> kForeignUnits{"ntpd-rs.service", "openntpd.service", "timemaster.service"};

/// The services that these programs run in, under the names and aliases that distributions give them.
constexpr std::array<string_view, 10> kUnits{
    "chrony.service",   "chronyd.service",   "chronyd-restricted.service", "ntpsec.service",
    "ntp.service",      "ntpd.service",      "systemd-timesyncd.service",  "ntpd-rs.service",
    "openntpd.service", "timemaster.service"};

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
    // phc2sys -s CLOCK_REALTIME: the clock sets the hardware, not the other way round.
    if (process.name == "phc2sys") return !has_argument(process, {"CLOCK_REALTIME"}) || !has_argument(process, {"-s"});
    return !(process.name == "ntpd" && has_argument(process, {"-q", "--quit"}));
}

bool is_known(const std::string& unit) {
    return std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

/// System users, and those that systemd makes for a service (https://systemd.io/UIDS-GIDS).
bool is_system_user(uid_t user) {
    return user < 1000 || (user >= 61184 && user <= 65519);
}

/// What root runs, what holds the right to set the clock, which root alone can give, and what is an NTP service's.
bool is_root_s(const ProcessInfo& process) {
    return process.user == 0 || process.may_set_clock || is_known(process.unit);
}

/// Everybody may run a chronyd, his own or the machine's, on a configuration of his own. In a container no service may
/// set the clock, so there its user and where it was started have to tell.
bool may_be_the_machine_s(const ProcessInfo& process) {
    return is_root_s(process) || (process.distrust.empty() && is_system_user(process.user) && !process.in_session);
}

/// The services among the processes, the likeliest first; who has no right to the clock does not count beside who has.
std::vector<ProcessInfo> services_among(const std::vector<ProcessInfo>& processes) {
    std::vector<ProcessInfo> services;
    for (const auto& process : processes)
        if (counts(process, processes) && may_be_the_machine_s(process)) services.push_back(process);
    if (std::any_of(services.begin(), services.end(), is_root_s))
        services.erase(std::remove_if(services.begin(), services.end(), std::not_fn(is_root_s)), services.end());
    const auto place = [](const ProcessInfo& process) {
        return std::tuple(!is_known(process.unit), process.start_ticks, process.pid);
    };
    std::sort(services.begin(), services.end(),
              [&](const auto& left, const auto& right) { return place(left) < place(right); });
    return services;
}

/// Where no service was found: of the first one that was passed over, why.
std::string explain_stranger(const std::vector<ProcessInfo>& processes) {
    for (const auto& process : processes) {
        if (!counts(process, processes) || may_be_the_machine_s(process)) continue;
        return fmt::format("{} (PID {}) of user {} is not taken for the machine's NTP service: {}",
                           program_of(process).people_call_it, process.pid, process.user,
                           process.distrust.empty() ? "it is no system service's, and has no right to set the clock"
                                                    : process.distrust);
    }
    return "";
}

/// What systemd says about this very process.
const UnitFacts* facts_of(const ProcessInfo& process, const std::vector<UnitFacts>& units) {
    const auto found = std::find_if(units.begin(), units.end(), [&](const auto& unit) {
        return unit.main_pid == process.pid || (unit.main_pid == 0 && !process.unit.empty() && unit.id == process.unit);
    });
    return found == units.end() ? nullptr : &*found;
}

std::string unit_name(const ProcessInfo& process, const std::vector<UnitFacts>& units) {
    const UnitFacts* facts = facts_of(process, units);
    return facts ? facts->id : process.unit;
}

/// Why a unit was not started by systemd although it was asked to.
std::string explain_conditions(const UnitFacts& unit) {
    const auto keeps_out = [](const std::string& condition) {
        return condition == "ConditionVirtualization=!container" || condition == "ConditionCapability=CAP_SYS_TIME";
    };
    std::string failed =
        fmt::format("{} was not started because {} does not hold", unit.id, fmt::join(unit.failed_conditions, " and "));
    if (std::any_of(unit.failed_conditions.begin(), unit.failed_conditions.end(), keeps_out))
        return failed + ": a container has the clock of its host, so let the host keep it and run ntpopt there";
    return fmt::format("{}: see systemctl status {}", failed, string_view(unit.id).substr(0, unit.id.rfind('.')));
}

/// Why a unit does not keep the clock, and what to do about it.
std::string explain_rest(const UnitFacts& unit) {
    const auto name = string_view(unit.id).substr(0, unit.id.rfind('.'));
    if (unit.load_state == "masked" || unit.file_state.starts_with("masked"))
        return fmt::format("{0} is masked: systemctl unmask {1} && systemctl enable --now {1}", unit.id, name);
    if (unit.load_state != "loaded")
        return fmt::format("{} cannot be loaded ({}): see systemctl status {}", unit.id, unit.load_state, name);
    if (unit.active_state == "failed") return fmt::format("{} has failed: see systemctl status {}", unit.id, name);
    if (unit.active_state != "inactive")
        return fmt::format("{} is {} ({}), but no NTP program that ntpopt knows runs in it", unit.id, unit.active_state,
                           unit.sub_state);
    if (!unit.failed_conditions.empty()) return explain_conditions(unit);
    return fmt::format("{} is installed but not active: systemctl enable --now {}", unit.id, name);
}

Result<std::vector<ProcessInfo>> find_programs() {
    std::vector<string_view> names;
    for (const auto& program : kPrograms)
        names.push_back(program.exe);
    const std::vector<string_view> units(kUnits.begin(), kUnits.end());
    return find_processes(names, units);
}

}  // namespace

Detected judge_processes(const std::vector<ProcessInfo>& processes, const std::vector<UnitFacts>& units,
                         const ApplyConfig& config) {
    const auto services = services_among(processes);
    Detected detected;
    std::string others;
    std::vector<string_view> advice;
    std::vector<std::string> distrust;
    for (const auto& process : services) {
        const Program& program = program_of(process);
        const bool wanted = program.service != Service::none && process.distrust.empty() &&
                            (config.service == "auto" || config.service == name_of(program.service));
        if (wanted && detected.service == Service::none) {
            detected.service = program.service;
            detected.process = process;
            detected.unit = unit_name(process, units);
            if (const UnitFacts* facts = facts_of(process, units)) detected.invocation = facts->invocation;
        } else {
            const std::string unit = unit_name(process, units);
            others += fmt::format("{}{} (PID {}{})", others.empty() ? "" : ", ", program.people_call_it, process.pid,
                                  unit.empty() ? "" : ", " + unit);
            if (!process.distrust.empty())
                distrust.push_back(fmt::format("{} (PID {}) is left alone: {}", program.people_call_it, process.pid,
                                               process.distrust));
            if (!program.advice.empty() && std::find(advice.begin(), advice.end(), program.advice) == advice.end())
                advice.push_back(program.advice);
        }
    }
    if (detected.service == Service::none) {
        detected.refusals.push_back(others.empty()
                                        ? "no NTP service runs here"
                                        : fmt::format("no supported NTP service runs here, but {} does", others));
    } else if (!others.empty()) {
        detected.refusals.push_back(fmt::format("{} runs beside {}{}: they fight over the clock, stop all but one",
                                                others, name_of(detected.service),
                                                detected.unit.empty() ? "" : " (" + detected.unit + ")"));
    }
    for (const auto sentence : advice)
        detected.refusals.emplace_back(sentence);
    detected.refusals.insert(detected.refusals.end(), distrust.begin(), distrust.end());
    if (services.empty())
        if (auto stranger = explain_stranger(processes); !stranger.empty())
            detected.refusals.push_back(std::move(stranger));
    if (services.empty())
        for (const auto& unit : units)
            if (std::find(kForeignUnits.begin(), kForeignUnits.end(), unit.id) == kForeignUnits.end())
                detected.refusals.push_back(explain_rest(unit));
    if (detected.service == Service::chronyd &&
        has_argument(detected.process, {"/run/timemaster/chrony.conf", "/var/run/timemaster/chrony.conf"}))
        detected.refusals.push_back(
            "timemaster runs this chronyd and writes its configuration: choose the NTP "
            "servers in timemaster.conf");
    return detected;
}

Result<std::optional<ProcessInfo>> find_service(Service service, const std::string& instance) {
    auto processes = find_programs();
    if (!processes) return processes.error();
    for (auto& process : *processes)
        if (instance_of(process) == instance) return std::optional(std::move(process));
    std::erase_if(*processes, [&](const auto& process) { return program_of(process).service != service; });
    auto detected = judge_processes(*processes, {}, {});
    if (detected.service != service) return std::optional<ProcessInfo>();
    return std::optional(std::move(detected.process));
}

boost::asio::awaitable<Result<Detected>> detect_service(ApplyConfig config, Systemd* systemd) {
    std::vector<UnitFacts> units;
    if (systemd != nullptr) {
        auto answer = co_await systemd->units(std::vector<std::string>(kUnits.begin(), kUnits.end()));
        if (answer)
            units = std::move(*answer);
        else if (answer.error().code != Errc::unavailable)
            log(Priority::warning, "going by /proc alone: " + answer.error().detail);
    }
    const auto processes = find_programs();
    if (!processes) co_return processes.error();
    co_return judge_processes(*processes, units, config);
}

}  // namespace ntpopt
