// Implementation of manager_face.hpp: signals.
#include <boost/asio/post.hpp>

#include "daemon/api/manager_face.hpp"
#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

constexpr auto kProgressPeriod = std::chrono::milliseconds(100);

}  // namespace

template <typename Emit>
void ManagerFace::tell(Emit emit) {
    try {
        emit();
    } catch (const sdbus::Error&) {
        // The connection is lost, and the pump says so; a hint that nobody can hear is no failure.
    }
    pump_.kick();
}

void ManagerFace::changed() {
    if (telling_) return;
    telling_ = true;
    boost::asio::post(pump_.executor(), [this, alive = alive_] {
        if (!*alive) return;
        telling_ = false;
        auto now = control_.snapshot();
        std::vector<std::string> names;
        const auto compare = [&](const char* name, auto member) {
            if (now.*member != told_.*member) names.emplace_back(name);
        };
        compare("State", &Snapshot::state);
        compare("Mode", &Snapshot::mode);
        compare("Service", &Snapshot::service);
        compare("Unit", &Snapshot::unit);
        compare("Region", &Snapshot::region);
        compare("Selected", &Snapshot::selected);
        compare("Confidence", &Snapshot::confidence);
        compare("Synchronised", &Snapshot::synchronised);
        compare("IntervalUSec", &Snapshot::interval_usec);
        compare("LastRunUSec", &Snapshot::last_run_usec);
        compare("NextRunUSec", &Snapshot::next_run_usec);
        compare("Alarms", &Snapshot::alarms);
        told_ = std::move(now);
        if (names.empty()) return;
        tell([&] { getObject().emitPropertiesChangedSignal(contract::kManagerInterface, names); });
    });
}

void ManagerFace::run_started(std::uint64_t run_id, bool dry_run) {
    told_stage_.clear();
    tell([&] { emitRunStarted(run_id, dry_run); });
}

void ManagerFace::run_progress(std::uint64_t run_id, const std::string& stage, std::size_t done, std::size_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (stage == told_stage_ && done != total && now - told_at_ < kProgressPeriod) return;
    told_stage_ = stage;
    told_at_ = now;
    tell([&] { emitRunProgress(run_id, stage, static_cast<std::uint32_t>(done), static_cast<std::uint32_t>(total)); });
}

void ManagerFace::run_finished(std::uint64_t run_id, const Json& report) {
    auto summary = Json::object();
    for (const auto& [key, value] : report.items())
        if (key != "servers" && key != "plan" && key != "diff" && key != "whole_diff") summary[key] = value;
    tell([&] { emitRunFinished(run_id, wire::Dict(std::move(summary))); });
}

void ManagerFace::selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                    const std::string& reason) {
    tell([&] { emitSelectionChanged(before, after, reason); });
}

void ManagerFace::server_blacklisted(const std::string& server, std::uint64_t until_usec, const std::string& reason) {
    tell([&] { emitServerBlacklisted(server, until_usec, reason); });
}

}  // namespace ntpopt
