// Implementation of fake_systemd.hpp.
#include "tests/bus/systemd/fake_systemd.hpp"

#include <fmt/format.h>

namespace ntpopt::test {
namespace {

constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
constexpr const char* kService = "org.freedesktop.systemd1.Service";
constexpr int kThousands = 10'000;

using Row = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                          sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;

Row row_of(const FakeUnit& unit, const std::string& path) {
    return {unit.id, "", unit.load_state,       unit.active_state, unit.sub_state, "", sdbus::ObjectPath(path),
            0U,      "", sdbus::ObjectPath("/")};
}

}  // namespace

FakeSystemd::FakeSystemd(Loop& loop, std::string answer)
    : answer_(std::move(answer)),
      pump_(loop.io, *connection_, [](const Error&) {}),
      manager_(sdbus::createObject(*connection_, "/org/freedesktop/systemd1")) {
    manager_->registerMethod("org.freedesktop.systemd1.Manager", "ListUnitsByNames", "as", answer_,
                             [this](sdbus::MethodCall call) { list(std::move(call)); });
    manager_->registerMethod("org.freedesktop.systemd1.Manager", "TryRestartUnit", "ss", "o",
                             [this](sdbus::MethodCall call) { begin_restart(std::move(call)); });
    manager_->registerSignal("org.freedesktop.systemd1.Manager", "JobRemoved", "uoss");
    manager_->finishRegistration();
    connection_->requestName("org.freedesktop.systemd1");
    pump_.kick();
}

void FakeSystemd::add(const FakeUnit& unit, const std::vector<std::string>& aliases) {
    const auto path = fmt::format("/org/freedesktop/systemd1/unit/u{}", objects_.size());
    units_[unit.id] = {unit, path};
    for (const auto& alias : aliases)
        units_[alias] = {unit, path};
    auto object = sdbus::createObject(*connection_, path);
    values_[path] = unit;
    const auto& now = values_[path];
    object->registerProperty(kUnit, "UnitFileState", unit.file_state.signature,
                             [&now](sdbus::PropertyGetReply& reply) { now.file_state.write(reply); });
    object->registerProperty(kUnit, "InvocationID", unit.invocation.signature,
                             [&now](sdbus::PropertyGetReply& reply) { now.invocation.write(reply); });
    object->registerProperty(kUnit, "ConditionResult", unit.condition_result.signature,
                             [&now](sdbus::PropertyGetReply& reply) { now.condition_result.write(reply); });
    object->registerProperty(kUnit, "Conditions", unit.conditions.signature,
                             [&now](sdbus::PropertyGetReply& reply) { now.conditions.write(reply); });
    object->registerProperty(kService, "MainPID", unit.main_pid.signature,
                             [&now](sdbus::PropertyGetReply& reply) { now.main_pid.write(reply); });
    object->finishRegistration();
    objects_.push_back(std::move(object));
    pump_.kick();
}

void FakeSystemd::begin_restart(sdbus::MethodCall call) {
    std::string name;
    call >> name;
    auto reply = call.createReply();
    reply << sdbus::ObjectPath(kJob);
    reply.send();
    if (restart.result.empty()) return;
    auto& [unit, path] = units_.at(name);
    unit = values_[path] = restart.after;
    auto signal = manager_->createSignal("org.freedesktop.systemd1.Manager", "JobRemoved");
    signal << std::uint32_t{7} << sdbus::ObjectPath(kJob) << name << restart.result;
    manager_->emitSignal(signal);
}

void FakeSystemd::list(sdbus::MethodCall call) {
    ++asked;
    if (mood == Mood::silent) return unanswered_.push_back(call);
    std::vector<std::string> names;
    call >> names;
    auto reply = call.createReply();
    if (answer_ == "s") {
        reply << std::string("chrony.service, I think");
    } else {
        std::vector<Row> rows;
        for (const auto& name : names) {
            const auto found = units_.find(name);
            FakeUnit missing;
            missing.id = name;
            missing.load_state = "not-found";
            rows.push_back(found == units_.end() ? row_of(missing, "/org/freedesktop/systemd1/unit/missing")
                                                 : row_of(found->second.first, found->second.second));
        }
        FakeUnit invented;
        for (int i = 0; mood == Mood::tells_ten_thousand && i < kThousands; ++i) {
            invented.id = fmt::format("invented{}.service", i);
            rows.push_back(row_of(invented, "/org/freedesktop/systemd1/unit/invented"));
        }
        reply << rows;
    }
    reply.send();
}

}  // namespace ntpopt::test
