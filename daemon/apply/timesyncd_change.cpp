// Implementation of timesyncd_change.hpp. Two things always go together: the list that timesyncd has now, and the file
// by which it finds the same list after a restart. The file is written first and restored first, so that whoever
// restarts timesyncd in between gets a whole set, the old one or the new one.
#include "daemon/apply/timesyncd_change.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/time_text.hpp"
#include "daemon/apply/detect.hpp"
#include "daemon/apply/timesyncd_files.hpp"
#include "daemon/io/sys/system_clock.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kPause = 100ms;
/// As between two questions of a burst (RFC 8633 3.1 asks not to hurry).
constexpr auto kAskPause = 2s;
/// From a start to the bus.
constexpr Duration kStartWait = 10s;
/// systemd's own patience with a service that starts is 90 s; timesyncd is ready in a tenth of a second.
constexpr Duration kRestartWait = 30s;

}  // namespace

TimesyncdChange::TimesyncdChange(TimesyncdRecord record, Json description, std::shared_ptr<TimesyncdBus> bus,
                                 Systemd* systemd)
    : record_(std::move(record)), description_(std::move(description)), bus_(std::move(bus)), systemd_(systemd) {}

Result<TimesyncdChange::Presence> TimesyncdChange::attach() {
    const auto process = find_service(Service::timesyncd, record_.instance);
    if (!process) return process.error();
    if (!*process) return Presence::absent;
    pid_ = (*process)->pid;
    return instance_of(**process) == record_.instance ? Presence::same : Presence::restarted;
}

Status TimesyncdChange::attach_same() {
    const auto presence = attach();
    if (!presence) return presence.error();
    if (*presence == Presence::absent) return Error{Errc::verification_failed, "systemd-timesyncd ended meanwhile"};
    if (*presence == Presence::restarted)
        return Error{Errc::verification_failed, "systemd-timesyncd was restarted meanwhile"};
    if (bus_ == nullptr) return Error{Errc::unavailable, "systemd-timesyncd can be reached over the bus only"};
    return {};
}

asio::awaitable<void> TimesyncdChange::pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Result<TimesyncdStatus>> TimesyncdChange::status_patiently() {
    const auto end = SteadyClock::now() + kStartWait;
    while (true) {
        auto seen = co_await bus_->status(pid_);
        if (seen || SteadyClock::now() > end) co_return seen;
        co_await pause(kPause);
        // It may have been replaced by another one meanwhile.
        if (const auto presence = attach(); !presence || *presence == Presence::absent) co_return seen;
    }
}

asio::awaitable<Status> TimesyncdChange::write_files() {
    if (auto attached = attach_same(); !attached) co_return attached;
    co_return put_file(record_.drop_in, record_.plan.text);
}

asio::awaitable<Status> TimesyncdChange::restart_unit() {
    if (systemd_ == nullptr)
        co_return Error{Errc::refused,
                        "systemd-timesyncd reads its servers at its start only, and no systemd is there "
                        "to restart it: restart it by hand"};
    const auto restarted = co_await systemd_->restart(record_.unit, kRestartWait);
    if (!restarted) co_return restarted.error();
    co_return Status();
}

asio::awaitable<Status> TimesyncdChange::reload() {
    if (auto attached = attach_same(); !attached) co_return attached;
    const auto before = co_await bus_->status(pid_);
    if (!before) co_return before.error();
    record_.mark.packet_count = before->message.packet_count;
    record_.mark.applied_usec = to_usec(SystemClock().now());
    since_ = SteadyClock::now();
    if (record_.live) co_return co_await bus_->set_servers(pid_, record_.plan.runtime);

    if (auto done = co_await restart_unit(); !done) co_return done;
    const auto end = SteadyClock::now() + kStartWait;
    while (true) {
        const auto process = find_service(Service::timesyncd, record_.instance);
        if (!process) co_return process.error();
        if (*process && instance_of(**process) != record_.instance) {
            record_.instance = instance_of(**process);
            record_.mark.packet_count = 0;
            co_return Status();
        }
        if (SteadyClock::now() > end)
            co_return Error{Errc::verification_failed, "systemd-timesyncd did not come back from its restart"};
        co_await pause(kPause);
    }
}

asio::awaitable<Status> TimesyncdChange::prove() {
    const Duration deadline = timesyncd_deadline(record_.plan, from_seconds(record_.verify_timeout_s));
    while (true) {
        if (auto attached = attach_same(); !attached) co_return attached;
        const auto seen = co_await bus_->status(pid_);
        const Duration since = SteadyClock::now() - since_;
        if (seen) {
            Finding finding = judge_timesyncd(record_.plan, *seen, record_.mark, since, deadline);
            if (finding.judgement == Judgement::keep) co_return Status();
            if (finding.judgement == Judgement::roll_back)
                co_return Error{Errc::verification_failed, std::move(finding.reason)};
            if (record_.live && should_ask_again(record_.plan, *seen, record_.mark)) {
                co_await pause(kAskPause);
                if (auto done = co_await bus_->set_servers(pid_, record_.plan.runtime); !done) co_return done;
                ++record_.mark.asked_again;
                record_.mark.packet_count = seen->message.packet_count;
            }
        } else if (since > deadline) {
            co_return seen.error();
        }
        co_await pause(kPause);
    }
}

asio::awaitable<Status> TimesyncdChange::remove_base() {
    co_return put_file(record_.drop_in, record_.plan.text);
}

asio::awaitable<Result<std::string>> TimesyncdChange::confirm() {
    const Duration deadline = timesyncd_deadline(record_.plan, from_seconds(record_.verify_timeout_s));
    const auto begun = SteadyClock::now();
    record_.mark.asked_again = kTimesyncdAsks;
    while (true) {
        const auto presence = attach();
        if (!presence) co_return presence.error();
        // At boot nothing runs yet: the file is in place, and what it asks for is checked when timesyncd is there.
        if (*presence == Presence::absent || bus_ == nullptr) co_return std::string();
        if (*presence == Presence::restarted) record_.mark.packet_count = 0;
        const auto seen = co_await status_patiently();
        if (!seen) co_return seen.error();
        Finding finding = judge_timesyncd(record_.plan, *seen, record_.mark, SteadyClock::now() - begun, deadline);
        if (finding.judgement == Judgement::keep) co_return seen->server_name;
        if (finding.judgement == Judgement::roll_back)
            co_return Error{Errc::verification_failed, std::move(finding.reason)};
        co_await pause(kPause);
    }
}

asio::awaitable<Status> TimesyncdChange::restore_list(Presence presence) {
    auto files = read_timesyncd_files();
    if (!files) co_return files.error();
    if (files->ours) files->others.push_back({kTimesyncdOurPath, *files->ours});
    const auto configured = parse_timesyncd_files(files->others);
    if (!configured) co_return configured.error();

    auto seen = co_await status_patiently();
    if (!seen) co_return seen.error();
    if (!seen->live) {
        if (seen->system == configured->system) co_return Status();
        co_return co_await restart_unit();
    }
    // What was set while another one ran went with it.
    std::vector<std::string> wanted =
        presence == Presence::same ? record_.runtime_before : runtime_for(configured->system, *seen);
    if (seen->runtime == wanted) co_return Status();
    // Servers that do not answer make timesyncd wait longer and longer, up to 34 minutes; this order wakes it.
    if (auto done = co_await bus_->set_servers(pid_, wanted); !done) co_return done;
    seen = co_await bus_->status(pid_);
    if (!seen) co_return seen.error();
    if (seen->runtime != wanted)
        co_return Error{Errc::verification_failed, "systemd-timesyncd did not take its old servers back"};
    co_return Status();
}

Status TimesyncdChange::withdraw_files() {
    return put_file(record_.drop_in, std::nullopt);
}

asio::awaitable<Status> TimesyncdChange::undo() {
    left_alone_.clear();
    Status restored = restore_file(record_.drop_in);
    if (!restored && restored.error().code == Errc::refused) {
        left_alone_.push_back(restored.error().detail);
        restored = Status();
    }
    // A file that cannot be restored is no reason to leave timesyncd with the new list.
    const auto presence = attach();
    if (!presence) co_return presence.error();
    if (*presence == Presence::absent) co_return restored;
    if (bus_ == nullptr)
        co_return Error{Errc::unavailable,
                        "systemd-timesyncd runs and there is no bus to tell it its old servers: "
                        "restart it, it then reads them from its files"};
    if (auto done = co_await restore_list(*presence); !done) co_return done;
    co_return restored;
}

}  // namespace ntpopt
