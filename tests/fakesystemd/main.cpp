// fakesystemd: org.freedesktop.systemd1 on a private bus, as far as ntpopt asks it, over programs that are really
// started. Told what to do on standard input, a line a command, each answered by "ok" or "error WHY":
//   start UNIT PROGRAM [ARGUMENT...]     stop UNIT     begin UNIT     set UNIT KEY VALUE     pid UNIT (the answer)
#include <sdbus-c++/sdbus-c++.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/fakesystemd/units.hpp"

namespace {

using ntpopt::test::Unit;
using ntpopt::test::Units;

constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
constexpr const char* kService = "org.freedesktop.systemd1.Service";

using Row = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                          sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

class Bus {
  public:
    explicit Bus(Units& units)
        : units_(units),
          connection_(sdbus::createSystemBusConnection()),
          manager_(sdbus::createObject(*connection_, "/org/freedesktop/systemd1")) {
        manager_->registerMethod("ListUnitsByNames")
            .onInterface(kManager)
            .implementedAs([this](const std::vector<std::string>& names) {
                std::vector<Row> rows;
                for (const auto& name : names)
                    rows.push_back(row_of(name));
                return rows;
            });
        for (const std::string member : {"TryRestartUnit", "RestartUnit", "StartUnit", "StopUnit"})
            manager_->registerMethod(member).onInterface(kManager).implementedAs(
                [this, member](const std::string& unit, const std::string&) { return begin_job(member, unit); });
        manager_->registerSignal("JobRemoved")
            .onInterface(kManager)
            .withParameters<std::uint32_t, sdbus::ObjectPath, std::string, std::string>();
        manager_->finishRegistration();
        connection_->requestName("org.freedesktop.systemd1");
        connection_->enterEventLoopAsync();
    }

    /// A unit's object, before anybody can ask for it.
    void add(const std::string& id) {
        auto object = sdbus::createObject(*connection_, path_of(id));
        object->registerProperty("UnitFileState").onInterface(kUnit).withGetter([] { return std::string("enabled"); });
        object->registerProperty("ActiveState").onInterface(kUnit).withGetter([this, id] {
            return units_.look(id).active_state;
        });
        object->registerProperty("InvocationID").onInterface(kUnit).withGetter([this, id] {
            return units_.look(id).invocation;
        });
        object->registerProperty("MainPID").onInterface(kService).withGetter(
            [this, id] { return static_cast<std::uint32_t>(units_.look(id).main_pid); });
        object->finishRegistration();
        objects_.push_back(std::move(object));
    }

  private:
    static std::string path_of(const std::string& id) {
        std::string path = "/org/freedesktop/systemd1/unit/";
        for (const char c : id)
            path += isalnum(static_cast<unsigned char>(c)) ? c : '_';
        return path;
    }

    Row row_of(const std::string& name) {
        const Unit unit = units_.look(name);
        const sdbus::ObjectPath none("/");
        if (unit.id.empty())
            return Row{name, "", "not-found", "inactive", "dead", "", sdbus::ObjectPath(path_of(name)), 0U, "", none};
        const std::string sub_state = unit.active_state == "active" ? "running" : "dead";
        return Row{name, "",  unit.load_state, unit.active_state, sub_state, "", sdbus::ObjectPath(path_of(name)), 0U,
                   "",   none};
    }

    /// As systemd does: the answer first, the end of the job by a signal.
    sdbus::ObjectPath begin_job(const std::string& member, const std::string& id) {
        if (units_.look(id).id.empty())
            throw sdbus::Error("org.freedesktop.systemd1.NoSuchUnit", "Unit " + id + " not found.");
        const std::uint32_t job = ++jobs_;
        const sdbus::ObjectPath path("/org/freedesktop/systemd1/job/" + std::to_string(job));
        std::thread([this, member, id, job, path] {
            units_.wait_in_queue(id);
            bool done = true;
            const bool runs = units_.look(id).main_pid != 0;
            if (member == "StopUnit" || member == "RestartUnit" || (member == "TryRestartUnit" && runs))
                done = units_.stop(id);
            if (member == "StartUnit" || member == "RestartUnit" || (member == "TryRestartUnit" && runs))
                done = units_.start(id);
            manager_->emitSignal("JobRemoved")
                .onInterface(kManager)
                .withArguments(job, path, id, std::string(done ? "done" : "failed"));
        }).detach();
        return path;
    }

    Units& units_;
    std::unique_ptr<sdbus::IConnection> connection_;
    std::unique_ptr<sdbus::IObject> manager_;
    std::vector<std::unique_ptr<sdbus::IObject>> objects_;
    std::uint32_t jobs_ = 0;
};

std::string obey(Units& units, Bus& bus, const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    if (words.size() < 2) return "error: a command and a unit";
    const std::string& id = words[1];
    if (verb == "start" && words.size() > 2) {
        const bool known = !units.look(id).id.empty();
        units.define(id, std::vector<std::string>(words.begin() + 2, words.end()));
        if (!known) bus.add(id);
        return units.start(id) ? "ok" : "error: it does not start";
    }
    if (verb == "begin") return units.start(id) ? "ok" : "error: it does not start";
    if (verb == "stop") return units.stop(id) ? "ok" : "error: no such unit";
    if (verb == "set" && words.size() == 4) return units.set(id, words[2], words[3]) ? "ok" : "error: no such setting";
    if (verb == "pid") return std::to_string(units.look(id).main_pid);
    return "error: unknown command";
}

}  // namespace

int main() {
    Units units;
    Bus bus(units);
    std::puts("ready");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream stream(line);
        std::vector<std::string> words;
        for (std::string word; stream >> word;)
            words.push_back(word);
        if (words.empty()) continue;
        std::puts(obey(units, bus, words).c_str());
        std::fflush(stdout);
    }
    for (const auto& id : units.names())
        units.stop(id);
    // The threads that wait for programs and jobs end with the process.
    std::_Exit(0);
}
