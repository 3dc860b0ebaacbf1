// A systemd that answers questions about units, truly or not. It has a connection of its own on the private bus.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/io/bus/bus_pump.hpp"
#include "tests/bus/harness/fake_value.hpp"
#include "tests/bus/harness/loop.hpp"

namespace ntpopt::test {

/// A condition as systemd tells of it: name, trigger, negated, argument, state.
using FakeCondition = sdbus::Struct<std::string, bool, bool, std::string, std::int32_t>;

struct FakeUnit {
    std::string id;
    std::string load_state = "loaded";
    std::string active_state = "inactive";
    std::string sub_state = "dead";
    FakeValue file_state = FakeValue::of(std::string("enabled"));
    FakeValue invocation = FakeValue::of(std::vector<std::uint8_t>());
    FakeValue main_pid = FakeValue::of(std::uint32_t{0});
    FakeValue condition_result = FakeValue::of(true);
    FakeValue conditions = FakeValue::of(std::vector<FakeCondition>());
};

class FakeSystemd {
  public:
    /// `answer` is the type of what ListUnitsByNames answers; "s" makes it a sentence.
    explicit FakeSystemd(Loop& loop, std::string answer = "a(ssssssouso)");
    FakeSystemd(const FakeSystemd&) = delete;
    FakeSystemd& operator=(const FakeSystemd&) = delete;

    /// The unit answers to each of these names besides its own.
    void add(const FakeUnit& unit, const std::vector<std::string>& aliases = {});

    enum class Mood { truthful, silent, tells_ten_thousand };
    Mood mood = Mood::truthful;
    int asked = 0;  ///< calls of ListUnitsByNames

    /// What becomes of a unit that shall be restarted: how its job ends ("" never), and what the unit is afterwards.
    struct Restart {
        std::string result = "done";
        FakeUnit after;
    };
    Restart restart;

    /// The path of the job that restarts a unit.
    static constexpr const char* kJob = "/org/freedesktop/systemd1/job/7";

  private:
    void list(sdbus::MethodCall call);
    void begin_restart(sdbus::MethodCall call);

    std::string answer_;
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    BusPump pump_;
    std::unique_ptr<sdbus::IObject> manager_;
    std::map<std::string, std::pair<FakeUnit, std::string>> units_;  ///< by any name: the unit and its object's path
    std::vector<std::unique_ptr<sdbus::IObject>> objects_;
    std::vector<sdbus::MethodCall> unanswered_;
    std::map<std::string, FakeUnit> values_;  ///< by object path: what a unit's properties say now
};

}  // namespace ntpopt::test
