// Implementation of timesyncd.hpp.
#include "daemon/apply/timesyncd.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/apply/timesyncd_change.hpp"
#include "daemon/apply/timesyncd_files.hpp"
#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/io/sys/files.hpp"
#include "daemon/io/sys/system_clock.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kUnit = "systemd-timesyncd.service";
constexpr std::size_t kMaxMaps = 1024 * 1024;

/// timesyncd does not tell its version; the library that it is linked with bears it: "libsystemd-shared-252.so".
std::string version_of(const ProcessInfo& process) {
    constexpr std::string_view kLibrary = "/libsystemd-shared-";
    const auto maps = read_kernel_file(fmt::format("/proc/{}/maps", process.pid), kMaxMaps);
    if (!maps) return "";
    const auto begin = maps->find(kLibrary);
    const auto end = maps->find(".so", begin);
    if (begin == std::string::npos || end == std::string::npos) return "";
    return printable(std::string_view(*maps).substr(begin + kLibrary.size(), end - begin - kLibrary.size()), 20);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(), [&](const auto& other) { return same_source_name(other, name); });
}

/// timesyncd tells neither whose samples its jitter is of nor how many they are, so nothing is founded on it.
SourceRecord record_of(const TimesyncdMessage& message) {
    SourceRecord record;
    record.deviation_s = message.jitter_s;
    const auto now = to_usec(SystemClock().now());
    record.age_s = static_cast<double>(now - std::min(now, message.destination_usec)) * 1e-6;
    return record;
}

std::vector<ServiceSource> describe_sources(const TimesyncdView& view, const TimesyncdPlan* committed) {
    const auto& status = view.status;
    const bool only_fallback = status.listed().empty() && status.link.empty();
    std::vector<ServiceSource> sources;
    for (const auto& name : status.followed()) {
        ServiceSource source;
        source.name = printable(name);
        source.ours = committed != nullptr && !committed->original && contains(committed->servers, name);
        const bool from_link = !only_fallback && !contains(status.listed(), name);
        source.origin = source.ours ? "ours" : from_link ? "dhcp" : "base";
        source.state = "candidate";
        if (same_source_name(name, status.server_name)) {
            source.state = view.synchronised ? "selected" : "unreachable";
            source.address = status.server_address;
            source.stratum = status.message.stratum;
            source.reach = view.synchronised ? 1 : 0;
            if (view.synchronised) {
                source.offset_s = status.message.offset_s();
                source.record = record_of(status.message);
            }
        }
        sources.push_back(std::move(source));
    }
    return sources;
}

}  // namespace

TimesyncdBackend::TimesyncdBackend(ApplyConfig config, BusPump* pump, Systemd* systemd)
    : config_(std::move(config)),
      systemd_(systemd),
      bus_(pump == nullptr ? nullptr : std::make_shared<TimesyncdBus>(*pump)) {}

asio::awaitable<Result<TimesyncdBackend::Sight>> TimesyncdBackend::look() {
    Sight sight;
    auto detected = co_await detect_service(config_, systemd_);
    if (!detected) co_return detected.error();
    sight.detected = std::move(*detected);
    if (sight.detected.service != Service::timesyncd)
        co_return Error{Errc::service_not_found, "systemd-timesyncd does not run"};
    if (bus_ == nullptr) co_return Error{Errc::unavailable, "systemd-timesyncd can be reached over the bus only"};
    auto files = read_timesyncd_files();
    if (!files) co_return files.error();
    auto drop_in = read_image(kTimesyncdOurPath);
    if (!drop_in) co_return drop_in.error();
    auto status = co_await bus_->status(sight.detected.process.pid);
    if (!status) co_return status.error();
    sight.view.files = std::move(files->others);
    sight.drop_in = std::move(*drop_in);
    if (sight.drop_in) sight.view.our_text = sight.drop_in->content;
    sight.view.status = std::move(*status);
    sight.view.synchronised = is_synchronised(sight.view.status, to_usec(SystemClock().now()));
    co_return sight;
}

asio::awaitable<Result<ServiceObservation>> TimesyncdBackend::observe(Past past) {
    auto sight = co_await look();
    if (!sight) co_return sight.error();
    const auto& view = sight->view;
    const auto& message = view.status.message;
    const auto own = parse_timesyncd_files(view.files);
    if (!own) co_return own.error();
    ServiceObservation seen;
    seen.service = Service::timesyncd;
    seen.unit = sight->detected.unit;
    seen.version = version_of(sight->detected.process);
    seen.active = true;
    seen.config_path = kTimesyncdConfig;
    seen.instance = instance_of(sight->detected.process);
    seen.invocation = sight->detected.invocation;
    seen.main_pid = sight->detected.process.pid;
    seen.refusals = sight->detected.refusals;
    seen.conflict = !seen.refusals.empty();
    seen.base_names = own->system.empty() ? view.status.fallback : own->system;
    seen.synchronised = view.synchronised;
    if (view.synchronised) seen.peer = printable(view.status.server_name);
    seen.leap = view.synchronised ? message.leap : 3;
    seen.offset_s = message.offset_s();
    // The way to the server is part of the root delay (RFC 5905 11.2); what it jitters by, of the dispersion.
    seen.root_delay_s = message.root_delay_s + message.delay_s();
    seen.root_dispersion_s = message.dispersion_s(to_usec(SystemClock().now()));
    seen.reference_time_usec = message.destination_usec;
    seen.capabilities = {view.status.live, false, false, false, true, 1};
    const auto record = parse_timesyncd_record(past.committed);
    seen.sources = describe_sources(view, record ? &record->plan : nullptr);
    if (auto fine = check_ours(kTimesyncdOurPath, view.our_text, past, parse_timesyncd_record); !fine)
        seen.refusals.push_back(fine.error().detail);
    if (record) {
        // What was set while it ran is gone after a restart, when the files count alone.
        const bool own_list = record->plan.original && view.status.listed() == own->system;
        seen.drifted =
            view.our_text != record->plan.text || (view.status.listed() != record->plan.servers && !own_list);
    }
    co_return seen;
}

asio::awaitable<Result<std::unique_ptr<Change>>> TimesyncdBackend::prepare(Goal goal) {
    auto sight = co_await look();
    if (!sight) co_return sight.error();
    const auto& view = sight->view;
    if (goal.original && goal.past.committed.is_null() && !view.our_text) co_return nothing_changed();
    if (!sight->detected.refusals.empty()) co_return Error{Errc::service_conflict, sight->detected.refusals.front()};
    if (auto fine = check_ours(kTimesyncdOurPath, view.our_text, goal.past, parse_timesyncd_record); !fine)
        co_return fine.error();
    if (auto fine = check_place(kTimesyncdOurPath); !fine) co_return fine.error();
    if (!view.status.live && sight->detected.invocation.empty())
        co_return Error{Errc::refused,
                        "systemd-timesyncd before version 251 reads its servers at its start only, and no "
                        "systemd is there to restart it"};

    TimesyncdRecord record;
    record.instance = instance_of(sight->detected.process);
    record.invocation = sight->detected.invocation;
    record.unit = sight->detected.unit.empty() ? std::string(kUnit) : sight->detected.unit;
    record.live = view.status.live;
    if (goal.past.committed.is_null()) {
        // Where our drop-in is, so is our list.
        if (!view.our_text) record.foreign_runtime = view.status.runtime;
    } else {
        auto committed = parse_timesyncd_record(goal.past.committed);
        if (!committed) co_return committed.error();
        const bool same_timesyncd = committed->instance == record.instance;
        if (same_timesyncd)
            record.foreign_runtime = foreign_runtime(committed->plan, std::move(committed->foreign_runtime), view);
    }
    auto plan = goal.original ? plan_timesyncd_original(view, record.foreign_runtime)
                              : plan_timesyncd_change(view, goal.choices, goal.measured, config_);
    if (!plan) co_return plan.error();
    record.plan = std::move(*plan);
    record.drop_in.path = kTimesyncdOurPath;
    record.drop_in.before = sight->drop_in;
    record.drop_in.written.push_back(record.plan.text);
    record.runtime_before = view.status.runtime;
    record.followed = view.status.followed();
    record.verify_timeout_s = to_seconds(config_.verify_timeout);
    record.fulfilled = is_fulfilled(record.plan, view);
    Json description = describe_plan(record.plan, view, kTimesyncdOurPath, record.unit);
    co_return std::unique_ptr<Change>(
        std::make_unique<TimesyncdChange>(std::move(record), std::move(description), bus_, systemd_));
}

Result<std::unique_ptr<Change>> TimesyncdBackend::resume(const Json& json) {
    auto record = parse_timesyncd_record(json);
    if (!record) return record.error();
    return std::unique_ptr<Change>(
        std::make_unique<TimesyncdChange>(std::move(*record), Json::object(), bus_, systemd_));
}

}  // namespace ntpopt
