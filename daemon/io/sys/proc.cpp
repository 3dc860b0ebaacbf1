// Implementation of proc.hpp; formats: proc(5), namespaces(7), cgroups(7).
#include "daemon/io/sys/proc.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "common/text.hpp"
#include "daemon/io/sys/files.hpp"
#include "daemon/io/sys/safe_path.hpp"

namespace ntpopt {
namespace {

using std::string_view;

std::optional<std::string> read_link(const std::string& path) {
    std::array<char, 4096> buffer{};
    const ssize_t count = readlink(path.c_str(), buffer.data(), buffer.size());
    if (count <= 0 || static_cast<std::size_t>(count) == buffer.size()) return std::nullopt;
    return std::string(buffer.data(), static_cast<std::size_t>(count));
}

bool shares_our(string_view space, pid_t pid) {
    const auto theirs = read_link(fmt::format("/proc/{}/ns/{}", pid, space));
    return theirs && theirs == read_link(fmt::format("/proc/self/ns/{}", space));
}

/// Parent and start time. The second field, the program's name, may hold blanks and brackets, so counting begins at
/// the last bracket.
bool read_stat(ProcessInfo& process) {
    const auto text = read_kernel_file(fmt::format("/proc/{}/stat", process.pid));
    if (!text) return false;
    const auto bracket = text->rfind(") ");
    if (bracket == std::string::npos) return false;
    const auto fields = words(string_view(*text).substr(bracket + 2));
    if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return false;
    const auto parent = parse_number<pid_t>(fields[1]);
    const auto start = parse_number<std::uint64_t>(fields[19]);
    if (!parent || !start) return false;
    process.parent = *parent;
    process.start_ticks = *start;
    return true;
}

/// Its unit, and whether it is a user's. Below user@UID.service a user names control groups as he likes, colons and
/// all, so the first service on the way down is the one that counts.
void read_cgroup(ProcessInfo& process) {
    const auto text = read_kernel_file(fmt::format("/proc/{}/cgroup", process.pid));
    if (!text) return;
    for (const string_view line : lines(*text)) {
        // "NUMBER:CONTROLLERS:PATH" of the unified hierarchy, or of systemd's own one beside the old controllers.
        const auto controllers = line.find(':') + 1;
        const auto path = line.find(':', controllers) + 1;
        if (!line.starts_with("0::") && line.substr(controllers, path - controllers) != "name=systemd:") continue;
        for (const string_view part : split(line.substr(path), '/')) {
            process.in_session = process.in_session || part == "user.slice";
            if (process.unit.empty() && part.ends_with(".service")) process.unit = printable(part);
        }
    }
}

/// Real user and capabilities. In a user namespace of one's own, everybody holds all of them over nothing.
bool read_rights(ProcessInfo& process) {
    const auto text = read_kernel_file(fmt::format("/proc/{}/status", process.pid));
    if (!text) return false;
    std::optional<uid_t> user;
    for (const string_view line : lines(*text)) {
        const auto fields = words(line);
        if (fields.size() < 2) continue;
        if (fields[0] == "Uid:") user = parse_number<uid_t>(fields[1]);
        if (fields[0] != "CapPrm:") continue;
        const auto held = parse_number<std::uint64_t>(fields[1], 16).value_or(0);
        process.may_set_clock = (held >> CAP_SYS_TIME & 1U) != 0 && shares_our("user", process.pid);
    }
    process.user = user.value_or(0);
    return user.has_value();
}

std::optional<ProcessInfo> read_process(pid_t pid, const std::vector<string_view>& names,
                                        const std::vector<string_view>& units) {
    constexpr string_view kDeleted = " (deleted)";
    ProcessInfo process;
    process.pid = pid;
    auto exe = read_link(fmt::format("/proc/{}/exe", pid));
    if (!exe) return std::nullopt;
    if (exe->ends_with(kDeleted)) exe->resize(exe->size() - kDeleted.size());
    process.name = exe->substr(exe->rfind('/') + 1);
    if (std::find(names.begin(), names.end(), process.name) == names.end()) return std::nullopt;
    process.exe = std::move(*exe);
    if (!shares_our("pid", pid) || !shares_our("net", pid) || !read_stat(process) || !read_rights(process))
        return std::nullopt;
    read_cgroup(process);
    const bool is_sandboxed = std::find(units.begin(), units.end(), process.unit) != units.end();
    if (!is_sandboxed && !shares_our("mnt", pid)) return std::nullopt;
    const auto arguments = read_kernel_file(fmt::format("/proc/{}/cmdline", pid));
    if (!arguments) return std::nullopt;
    for (const string_view argument : split(*arguments, '\0'))
        process.arguments.emplace_back(argument);
    if (!process.arguments.empty() && process.arguments.back().empty()) process.arguments.pop_back();
    if (const auto fine = check_program(process.exe); !fine) process.distrust = printable(fine.error().detail);
    return process;
}

}  // namespace

Result<std::vector<ProcessInfo>> find_processes(const std::vector<string_view>& names,
                                                const std::vector<string_view>& units) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir("/proc"), closedir);
    if (!entries) return io_error("list /proc", errno);
    std::vector<ProcessInfo> found;
    while (const dirent* entry = readdir(entries.get()))
        if (const auto pid = parse_number<pid_t>(string_view(entry->d_name)))
            if (auto process = read_process(*pid, names, units)) found.push_back(std::move(*process));
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
    return found;
}

std::string instance_of(const ProcessInfo& process) {
    // Services start at much the same moment of every boot, under much the same number.
    const auto boot = boot_id();
    return fmt::format("{}:{}:{}", process.pid, process.start_ticks, boot ? boot->substr(0, 8) : "");
}

Result<std::string> boot_id() {
    auto text = read_kernel_file("/proc/sys/kernel/random/boot_id", 100);
    if (!text) return text.error();
    return std::string(trim(*text));
}

}  // namespace ntpopt
