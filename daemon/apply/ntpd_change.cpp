// Implementation of ntpd_change.hpp. ntpd reads its files only when it starts, so an ntpd that is the same process as
// before the change knows nothing of it, whatever the files say.
#include "daemon/apply/ntpd_change.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/apply/detect.hpp"
#include "daemon/apply/ntpd_tools.hpp"
#include "daemon/core/plan/source_name.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 250ms;
/// ntpd starts and ends within a second; systemd gives a service that does not end 90 s (DefaultTimeoutStopSec).
constexpr Duration kRestartDeadline = 100s;
/// systemd calls a service of Type=simple started before its program is there.
constexpr Duration kStartDeadline = 5s;
/// How long ntpd may take to show the old sources after its return: it lists them before it resolves them.
constexpr Duration kReturnDeadline = 20s;

double wall_clock_s() {
    return to_seconds(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

NtpdChange::NtpdChange(NtpdRecord record, Json description, Systemd* systemd)
    : record_(std::move(record)), description_(std::move(description)), systemd_(systemd) {}

std::vector<std::string> NtpdChange::previous() const {
    return names_of(record_.plan.former);
}

Result<std::optional<ProcessInfo>> NtpdChange::process() const {
    return find_service(Service::ntpd, record_.restarted.empty() ? record_.instance : record_.restarted);
}

Result<std::string> NtpdChange::instance() const {
    const auto process = this->process();
    if (!process) return process.error();
    return *process ? instance_of(**process) : std::string();
}

Status NtpdChange::expect(const std::string& instance) {
    const auto running = this->instance();
    if (!running) return running.error();
    if (*running == instance) return {};
    if (running->empty()) return Error{Errc::verification_failed, "ntpd ended meanwhile"};
    return Error{Errc::verification_failed, "ntpd was restarted by somebody else meanwhile"};
}

asio::awaitable<void> NtpdChange::pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, kPause);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Result<NtpdObserved>> NtpdChange::look() {
    auto state = co_await ask_ntpd_state();
    if (!state) co_return state.error();
    NtpdObserved seen;
    seen.state = std::move(*state);
    seen.since_restart = Clock::now() - since_;
    co_return seen;
}

asio::awaitable<Status> NtpdChange::write_files() {
    if (auto same = expect(record_.instance); !same) co_return same;
    co_return put_files();
}

Status NtpdChange::put_files() const {
    for (const auto& file : record_.files)
        if (auto done = put_file(file, file.written.front()); !done) return done;
    return {};
}

asio::awaitable<Status> NtpdChange::reload() {
    if (systemd_ == nullptr) co_return Error{Errc::refused, "nobody is here who could restart ntpd"};
    if (auto same = expect(record_.instance); !same) co_return same;
    record_.applied_at_s = wall_clock_s();
    since_ = Clock::now();
    const auto started = co_await systemd_->restart(record_.unit, kRestartDeadline);
    if (!started) co_return started.error();
    since_ = Clock::now();
    while (true) {
        auto running = instance();
        if (!running) co_return running.error();
        if (*running == record_.instance) co_return Error{Errc::verification_failed, "ntpd was not restarted"};
        record_.restarted = std::move(*running);
        if (!record_.restarted.empty()) co_return Status();
        if (Clock::now() - since_ > kStartDeadline)
            co_return Error{Errc::verification_failed, "ntpd ended right after its start"};
        co_await pause();
    }
}

asio::awaitable<Result<std::string>> NtpdChange::watch(std::string instance) {
    const Duration deadline = ntpd_deadline(from_seconds(record_.verify_timeout_s));
    while (true) {
        if (auto same = expect(instance); !same) co_return same.error();
        auto seen = co_await look();
        if (!seen) {
            // ntpd does not answer in its first moments.
            if (Clock::now() - since_ > deadline) co_return seen.error().in("ntpd cannot be asked");
        } else {
            seen->restarted = instance != record_.instance;
            Finding finding = judge_ntpd(record_.plan, *seen, from_seconds(record_.applied_at_s), deadline);
            if (finding.judgement == Judgement::roll_back)
                co_return Error{Errc::verification_failed, std::move(finding.reason)};
            if (finding.judgement == Judgement::keep) {
                const auto* peer = seen->state.peer();
                co_return peer == nullptr ? std::string() : peer->text();
            }
        }
        co_await pause();
    }
}

asio::awaitable<Status> NtpdChange::prove() {
    // Who asks for the service's own sources gets them, even where they do not answer at the moment.
    if (record_.plan.original) co_return co_await check_return(record_.plan.members);
    const auto peer = co_await watch(record_.restarted);
    if (!peer) co_return peer.error();
    co_return Status();
}

asio::awaitable<Status> NtpdChange::remove_base() {
    // The restart took them away. But an applier whose disk was full may have undone what its journal still calls
    // proven, so that the files have to come back before that is taken up.
    co_return put_files();
}

asio::awaitable<Result<std::string>> NtpdChange::confirm() {
    auto running = instance();
    if (!running) co_return running.error();
    // At boot nothing runs yet: the files are in place, and what they ask for is checked when ntpd is there.
    if (running->empty() || record_.plan.original) co_return std::string();
    // After a crash another ntpd may run, which has read the new files and needs its time.
    if (*running != record_.restarted) since_ = Clock::now();
    co_return co_await watch(std::move(*running));
}

Status NtpdChange::restore(const OurFile& file) const {
    if (record_.our_path.empty() || file.path == record_.our_path) return restore_file(file);
    return restore_lines(file, [&](const std::string& text) -> Result<std::string> {
        return remark_ntpd_text(text, file.before->content, record_.our_path);
    });
}

Status NtpdChange::restore_files() {
    Status first;
    bool all = true;
    for (auto file = record_.files.rbegin(); file != record_.files.rend(); ++file) {
        // What may still include our file needs it.
        if (!all && file->path == record_.our_path && !file->before) continue;
        Status done = restore(*file);
        if (done) continue;
        all = false;
        // A file of an administrator's is no failure: it stays, and is told of.
        if (done.error().code == Errc::refused)
            left_alone_.push_back(done.error().detail);
        else if (first)
            first = std::move(done);
    }
    return first;
}

/// An ntpd that we restarted and that failed since is started again; one that an administrator stopped is not.
asio::awaitable<Status> NtpdChange::restart_for_return(std::string running) {
    if (systemd_ == nullptr) {
        if (running.empty()) co_return Status();
        co_return Error{Errc::unavailable, fmt::format("the files of ntpd are restored, and it has to be restarted to "
                                                       "read them: systemctl restart {}",
                                                       record_.unit)};
    }
    bool failed = false;
    if (running.empty()) {
        const std::vector<std::string> names(1, record_.unit);
        const auto units = co_await systemd_->units(names);
        if (!units) co_return units.error();
        failed = !units->empty() && units->front().active_state == "failed";
        if (!failed) co_return Status();
    }
    const auto mode = failed ? Systemd::Restart::also_if_failed : Systemd::Restart::if_running;
    since_ = Clock::now();
    const auto started = co_await systemd_->restart(record_.unit, kRestartDeadline, mode);
    if (!started) co_return started.error();
    since_ = Clock::now();
    co_return co_await check_return(record_.plan.former);
}

Result<std::vector<NtpdMember>> NtpdChange::asked_for() {
    const auto running = process();
    if (!running) return running.error();
    if (!*running) return Error{Errc::service_not_found, "ntpd does not run"};
    auto files = read_ntpd_files(**running, record_.plan.flavour);
    if (!files) return files.error();
    NtpdView view;
    view.flavour = record_.plan.flavour;
    view.files = std::move(files->files);
    view.our_path = std::move(files->our_path);
    view.our_text = std::move(files->our_text);
    return configured_members(view);
}

asio::awaitable<Status> NtpdChange::check_return(std::vector<NtpdMember> remembered) {
    // An administrator may have changed what ntpd read at its start.
    const auto read = asked_for();
    if (!read && !left_alone_.empty()) co_return Status();
    const auto& members = read ? *read : remembered;
    while (true) {
        const auto seen = co_await look();
        if (seen) {
            Finding finding = judge_ntpd_return(record_.plan.flavour, members, *seen, kReturnDeadline);
            if (finding.judgement == Judgement::keep) co_return Status();
            if (finding.judgement == Judgement::roll_back)
                co_return Error{Errc::verification_failed, std::move(finding.reason)};
        } else if (Clock::now() - since_ > kReturnDeadline) {
            co_return seen.error().in("ntpd cannot be asked");
        }
        co_await pause();
    }
}

Status NtpdChange::withdraw_files() {
    if (record_.our_path.empty()) return Error{Errc::refused, "an earlier ntpopt did not note which files it changed"};
    // What includes our file goes before it: where the change did not get to its end, that is what it found, too.
    auto paths = record_.marked;
    for (const auto& file : record_.files)
        if (file.path != record_.our_path) paths.push_back(file.path);
    const Remake unmark = [this](const std::string& text) -> Result<std::string> {
        return unmark_ntpd_text(text, record_.our_path);
    };
    for (const auto& path : paths)
        if (auto done = remake_file(path, unmark); !done) return done;
    return put_file(record_.our_path, std::nullopt,
                    [&](const FileText& present) { return is_our_text(record_, present); });
}

asio::awaitable<Status> NtpdChange::undo() {
    left_alone_.clear();
    const Status restored = restore_files();
    auto running = instance();
    if (!running) co_return running.error();
    // The ntpd from before the change never read what we wrote.
    if (*running == record_.instance) co_return restored;
    if (auto done = co_await restart_for_return(std::move(*running)); !done) co_return done;
    co_return restored;
}

}  // namespace ntpopt
