// The services of a fake systemd: each a program that is really started, watched and restarted. Knows no bus.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ntpopt::test {

struct Unit {
    std::string id;
    std::vector<std::string> argv;
    std::string active_state = "inactive";  ///< "active", "inactive", "failed"
    std::string load_state = "loaded";
    std::vector<std::uint8_t> invocation;
    pid_t main_pid = 0;
    bool fails_to_start = false;
    bool starts_again = false;  ///< Restart=always
    bool holds_jobs = false;    ///< jobs of it wait in the queue
};

class Units {
  public:
    void define(const std::string& id, std::vector<std::string> argv);
    /// Changes one setting by its name: "fails_to_start", "starts_again", "holds_jobs" ("yes" or "no"),
    /// "load_state". False where there is no such unit or setting.
    bool set(const std::string& id, const std::string& key, const std::string& value);
    bool start(const std::string& id);
    /// Ends the program with SIGTERM and waits for its end.
    bool stop(const std::string& id);

    /// Returns when jobs of the unit are not held (any more).
    void wait_in_queue(const std::string& id);

    /// A copy; its id is empty where there is no such unit.
    [[nodiscard]] Unit look(const std::string& id);
    [[nodiscard]] std::vector<std::string> names();

  private:
    bool spawn(Unit& unit);
    void watch(const std::string& id, pid_t pid);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Unit> units_;
    std::uint8_t starts_ = 0;
};

}  // namespace ntpopt::test
