// Implementation of units.hpp: one waiting thread a program.
#include "tests/fakesystemd/units.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace ntpopt::test {
namespace {

constexpr std::size_t kInvocationBytes = 16;

}  // namespace

void Units::define(const std::string& id, std::vector<std::string> argv) {
    const std::lock_guard lock(mutex_);
    Unit unit;
    unit.id = id;
    unit.argv = std::move(argv);
    units_[id] = std::move(unit);
}

bool Units::set(const std::string& id, const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end()) return false;
    if (key == "fails_to_start") {
        found->second.fails_to_start = value == "yes";
    } else if (key == "starts_again") {
        found->second.starts_again = value == "yes";
    } else if (key == "holds_jobs") {
        found->second.holds_jobs = value == "yes";
        changed_.notify_all();
    } else if (key == "load_state") {
        found->second.load_state = value;
    } else {
        return false;
    }
    return true;
}

bool Units::spawn(Unit& unit) {
    unit.main_pid = 0;
    if (unit.fails_to_start || unit.argv.empty()) {
        unit.active_state = "failed";
        return false;
    }
    // As Type=exec does: it has started when it is the program that was meant.
    std::array<int, 2> executed{};
    if (pipe2(executed.data(), O_CLOEXEC) != 0) return false;
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        dup2(STDERR_FILENO, STDOUT_FILENO);  // the answers to commands go to standard output
        std::vector<char*> argv;
        for (auto& word : unit.argv)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    close(executed[1]);
    char none = 0;
    [[maybe_unused]] const auto end = read(executed[0], &none, 1);
    close(executed[0]);
    if (pid < 0) {
        unit.active_state = "failed";
        return false;
    }
    unit.main_pid = pid;
    unit.active_state = "active";
    unit.invocation.assign(kInvocationBytes, ++starts_);
    std::thread([this, id = unit.id, pid] { watch(id, pid); }).detach();
    return true;
}

void Units::watch(const std::string& id, pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    const std::lock_guard lock(mutex_);
    auto& unit = units_[id];
    if (unit.main_pid == pid) {
        unit.main_pid = 0;
        unit.active_state = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "inactive" : "failed";
        if (unit.starts_again) spawn(unit);
    }
    changed_.notify_all();
}

bool Units::start(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end()) return false;
    return found->second.main_pid != 0 || spawn(found->second);
}

bool Units::stop(const std::string& id) {
    std::unique_lock lock(mutex_);
    const auto found = units_.find(id);
    if (found == units_.end()) return false;
    auto& unit = found->second;
    if (unit.main_pid == 0) return true;
    const bool starts_again = unit.starts_again;
    unit.starts_again = false;
    kill(unit.main_pid, SIGTERM);
    changed_.wait(lock, [&] { return unit.main_pid == 0; });
    unit.starts_again = starts_again;
    unit.active_state = "inactive";
    return true;
}

void Units::wait_in_queue(const std::string& id) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !units_[id].holds_jobs; });
}

Unit Units::look(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = units_.find(id);
    return found == units_.end() ? Unit() : found->second;
}

std::vector<std::string> Units::names() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [id, unit] : units_)
        names.push_back(id);
    return names;
}

}  // namespace ntpopt::test
