// Implementation of systemd.hpp on org.freedesktop.systemd1(5). Only single properties are read: GetAll would bring a
// hundred that nobody asked for.
#include "daemon/io/bus/systemd.hpp"

#include <fmt/format.h>
#include <sdbus-c++/Types.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "common/text.hpp"
#include "daemon/io/bus/systemd_job.hpp"
#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using std::string_view;

constexpr const char* kName = "org.freedesktop.systemd1";
constexpr const char* kPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
constexpr const char* kService = "org.freedesktop.systemd1.Service";

/// How long a systemd that did not answer is left in peace.
constexpr auto kSilence = std::chrono::minutes(1);
/// UNIT_NAME_MAX of systemd.
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxWord = 32;
constexpr std::size_t kInvocationBytes = 16;

/// One unit of ListUnitsByNames: id, description, load state, active state, sub state, followed unit, object, job,
/// job's type, job's object.
using Row = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                          sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;
constexpr const char* kRowSignature = "(ssssssouso)";

/// One condition: its name, whether one of several such suffices ('|'), whether it is negated ('!'), its argument, and
/// below zero where it did not hold.
using Condition = sdbus::Struct<std::string, bool, bool, std::string, std::int32_t>;
constexpr std::size_t kMaxConditions = 32;

struct Listed {
    UnitFacts facts;
    std::string path;
};

/// The characters of unit names (systemd.unit(5)): such a name may stand in a sentence that people copy to a shell.
bool is_service_name(string_view name) {
    constexpr string_view kSuffix = ".service";
    return name.size() > kSuffix.size() && name.size() <= kMaxName && name.ends_with(kSuffix) && name[0] != '-' &&
           name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_.-@") ==
               string_view::npos;
}

/// At most `limit` rows are read, however many there are.
Result<std::vector<Listed>> read_rows(sdbus::MethodReply& reply, std::size_t limit) {
    std::vector<Listed> units;
    try {
        reply.enterContainer(kRowSignature);
        for (std::size_t i = 0; i < limit; ++i) {
            Row row;
            if (!(reply >> row)) break;
            Listed unit;
            unit.facts.id = std::get<0>(row);
            unit.facts.load_state = printable(std::get<2>(row), kMaxWord);
            unit.facts.active_state = printable(std::get<3>(row), kMaxWord);
            unit.facts.sub_state = printable(std::get<4>(row), kMaxWord);
            unit.path = std::get<6>(row);
            const bool known = std::any_of(units.begin(), units.end(),
                                           [&](const auto& other) { return other.facts.id == unit.facts.id; });
            if (is_service_name(unit.facts.id) && unit.facts.load_state != "not-found" && !known)
                units.push_back(std::move(unit));
        }
    } catch (const sdbus::Error& e) {
        return Error{Errc::parse, "systemd's list of units: " + from_bus(e).detail};
    }
    return units;
}

/// The value of one property; nothing where it is of another type.
template <typename Value>
std::optional<Value> value_of(sdbus::MethodReply& reply) {
    try {
        sdbus::Variant variant;
        reply >> variant;
        return variant.get<Value>();
    } catch (const sdbus::Error&) {
        return std::nullopt;
    }
}

/// At most kMaxConditions of them. Where one of several suffices, those that failed count only if none of them held.
std::vector<std::string> failed_of(const std::vector<Condition>& conditions) {
    const bool one_held = std::any_of(conditions.begin(), conditions.end(), [](const auto& condition) {
        return std::get<1>(condition) && std::get<4>(condition) > 0;
    });
    std::vector<std::string> failed;
    for (const auto& condition : conditions) {
        const bool one_suffices = std::get<1>(condition);
        if (std::get<4>(condition) >= 0 || (one_suffices && one_held) || failed.size() == kMaxConditions) continue;
        failed.push_back(fmt::format("{}={}{}", printable(std::get<0>(condition), kMaxWord),
                                     std::get<2>(condition) ? "!" : "", printable(std::get<3>(condition), kMaxWord)));
    }
    return failed;
}

std::string hexadecimal(const std::vector<std::uint8_t>& bytes) {
    if (bytes.size() != kInvocationBytes) return "";
    std::string text;
    for (const auto byte : bytes)
        text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace

Systemd::Systemd(BusPump& pump, Duration deadline)
    : pump_(pump), deadline_(deadline), bus_(pump, contract::kBusName, contract::kBusPath) {}

/// The unique name: a call to it starts nobody, and nobody else can answer it.
asio::awaitable<Result<std::string>> Systemd::owner() {
    auto question = bus_.message(contract::kBusInterface, "GetNameOwner", std::string(kName));
    co_return co_await bus_.call_for<std::string>(std::move(question), deadline_);
}

asio::awaitable<Result<std::vector<UnitFacts>>> Systemd::units(std::vector<std::string> names) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(deadline_);
    auto owner = co_await this->owner();
    if (!owner && owner.error().code == Errc::unavailable) co_return std::vector<UnitFacts>();
    if (!owner) co_return owner.error();
    if (*owner == silent_owner_ && Clock::now() < silent_until_)
        co_return Error{Errc::unavailable, "systemd did not answer lately"};
    auto found = co_await ask(*owner, std::move(names), end);
    if (!found && found.error().code == Errc::timeout) {
        silent_owner_ = *owner;
        silent_until_ = Clock::now() + kSilence;
    }
    co_return found;
}

asio::awaitable<Result<std::vector<UnitFacts>>> Systemd::ask(std::string owner, std::vector<std::string> names,
                                                             Clock::time_point end) {
    BusObject manager(pump_, owner, kPath);
    auto question = manager.message(kManager, "ListUnitsByNames", names);
    auto reply = co_await manager.call(std::move(question), end - Clock::now());
    if (!reply) co_return reply.error().in("ask systemd for its units");
    auto listed = read_rows(*reply, names.size());
    if (!listed) co_return listed.error();
    std::vector<UnitFacts> units;
    for (auto& [facts, path] : *listed) {
        const auto unit = std::make_shared<BusObject>(pump_, owner, path);
        // A unit may go between two questions, and an old systemd may lack one of these: then it is not known.
        auto file_state = co_await property<std::string>(unit, kUnit, "UnitFileState", end);
        auto invocation = co_await property<std::vector<std::uint8_t>>(unit, kUnit, "InvocationID", end);
        auto main_pid = co_await property<std::uint32_t>(unit, kService, "MainPID", end);
        if (facts.active_state == "inactive") {
            const auto held = co_await property<bool>(unit, kUnit, "ConditionResult", end);
            // Before the first start the result is false too, but then no condition was tested.
            const auto conditions = co_await property<std::vector<Condition>>(unit, kUnit, "Conditions", end);
            if (held && !*held && conditions) facts.failed_conditions = failed_of(*conditions);
        }
        if (Clock::now() >= end) co_return Error{Errc::timeout, "systemd answers too slowly"};
        if (file_state) facts.file_state = printable(*file_state, kMaxWord);
        if (invocation) facts.invocation = hexadecimal(*invocation);
        if (main_pid && *main_pid <= std::numeric_limits<pid_t>::max()) facts.main_pid = static_cast<pid_t>(*main_pid);
        units.push_back(std::move(facts));
    }
    co_return units;
}

asio::awaitable<Result<UnitFacts>> Systemd::ask_one(std::string owner, std::string unit, Clock::time_point end) {
    std::vector<std::string> names(1, unit);
    auto units = co_await ask(std::move(owner), std::move(names), end);
    if (!units) co_return units.error();
    if (units->empty()) co_return Error{Errc::not_found, "systemd knows no unit " + unit};
    co_return std::move(units->front());
}

asio::awaitable<Result<UnitFacts>> Systemd::restart(std::string unit, Duration deadline, Restart which) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(deadline);
    auto owner = co_await this->owner();
    if (!owner && owner.error().code == Errc::unavailable)
        co_return Error{Errc::refused,
                        fmt::format("no systemd runs here, and nothing else can restart {} for ntpopt", unit)};
    if (!owner) co_return owner.error();
    auto before = co_await ask_one(*owner, unit, end);
    if (!before) co_return before.error();

    BusObject manager(pump_, *owner, kPath);
    JobWatch jobs(pump_, *owner);
    const char* member = which == Restart::also_if_failed ? "RestartUnit" : "TryRestartUnit";
    auto order = manager.message(kManager, member, before->id, std::string("replace"));
    auto job = co_await manager.call_for<sdbus::ObjectPath>(std::move(order), end - Clock::now());
    if (!job) co_return job.error().in("restart " + unit);
    const auto result = co_await jobs.ended(*job, end);
    if (!result) co_return result.error().in("restart " + unit);
    if (*result != "done")
        co_return Error{Errc::verification_failed,
                        fmt::format("systemd could not restart {} ({}): see systemctl status {}", unit, *result, unit)};

    // The signal is a hint, and a job that is done may have found nothing to restart: the unit itself is the proof.
    auto after = co_await ask_one(*owner, unit, end);
    if (!after) co_return after.error();
    if (after->active_state != "active" || after->invocation == before->invocation)
        co_return Error{Errc::verification_failed, fmt::format("{} is {} ({}) and was not started anew", unit,
                                                               after->active_state, after->sub_state)};
    co_return after;
}

template <typename Value>
asio::awaitable<std::optional<Value>> Systemd::property(std::shared_ptr<BusObject> unit, std::string interface,
                                                        std::string name, Clock::time_point end) {
    auto question = unit->message(contract::kPropertiesInterface, "Get", interface, name);
    auto reply = co_await unit->call(std::move(question), std::max(end - Clock::now(), Clock::duration::zero()));
    if (!reply) co_return std::nullopt;
    co_return value_of<Value>(*reply);
}

}  // namespace ntpopt
