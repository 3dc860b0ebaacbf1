// Implementation of chrony_change.hpp. Order matters more than anything here:
// - a line leaves our files before its source is deleted by chronyc, since chronyd never adds again what was deleted
// while
//   its line stayed in the file;
// - old base sources go only after the new ones are proven, and what undoes that is on disk before.
#include "daemon/apply/chrony_change.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/apply/detect.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 250ms;
/// How long restored sources may take to answer before ours go all the same.
constexpr Duration kRestoreWait = 20s;
/// chronyd answers within a few seconds after its start.
constexpr int kReloadAttempts = 20;
/// Names that chronyd has not resolved yet multiply for a while; then nothing comes back.
constexpr int kDeleteAttempts = 5;

/// Whether a restore file is one that this change found, planned or made while it was undone: then it holds lines that
/// were there and lines that it deleted.
bool is_our_restore(const ChronyRecord& record, const FileText& text) {
    const auto& plan = record.plan;
    if (text == record.restore_before || text == plan.staged_restore_text || text == plan.final_restore_text)
        return true;
    if (!text) return true;
    const auto lines = parse_chrony_sources_file(*text);
    const auto before = parse_chrony_sources_file(record.restore_before.value_or(""));
    if (!lines || !before || render_chrony_sources(*lines) != text) return false;
    return std::all_of(lines->begin(), lines->end(), [&](const auto& line) {
        return std::find(before->begin(), before->end(), line) != before->end() ||
               std::find(plan.removed.begin(), plan.removed.end(), line) != plan.removed.end();
    });
}

}  // namespace

ChronyChange::ChronyChange(ChronyRecord record, Json description, ApplyConfig config)
    : record_(std::move(record)), description_(std::move(description)), config_(std::move(config)) {}

std::vector<std::string> ChronyChange::previous() const {
    std::vector<std::string> names;
    for (const auto& former : record_.former)
        names.push_back(former.name);
    return names;
}

Result<ChronyChange::Presence> ChronyChange::attach() {
    auto detected = detect_process(config_);
    if (!detected) return detected.error();
    tools_.reset();
    if (detected->service != Service::chronyd) return Presence::absent;
    const bool same = instance_of(detected->process) == record_.instance;
    tools_.emplace(std::move(detected->process), config_);
    tools_->use_chronyc(record_.chronyc);
    return same ? Presence::same : Presence::restarted;
}

Status ChronyChange::attach_same() {
    const auto presence = attach();
    if (!presence) return presence.error();
    if (*presence == Presence::absent) return Error{Errc::verification_failed, "chronyd ended meanwhile"};
    if (*presence == Presence::restarted) return Error{Errc::verification_failed, "chronyd was restarted meanwhile"};
    return {};
}

Status ChronyChange::put_ours(const FileText& text) const {
    const auto& plan = record_.plan;
    return put_file(record_.our_path, text, [&](const FileText& present) {
        return present == record_.our_before || present == plan.staged_text || present == plan.settled_text ||
               present == plan.final_text;
    });
}

Status ChronyChange::put_restore(const FileText& text) const {
    return put_file(record_.restore_path, text,
                    [&](const FileText& present) { return is_our_restore(record_, present); });
}

Status ChronyChange::put_files(const FileText& ours, const FileText& restore) const {
    if (auto done = put_restore(restore); !done) return done;
    return put_ours(ours);
}

/// While undoing, a file of an administrator's is no failure: it stays, and is told of.
Status ChronyChange::unless_changed_by_others(Status done) {
    if (done || done.error().code != Errc::refused) return done;
    left_alone_.push_back(done.error().detail);
    return {};
}

asio::awaitable<void> ChronyChange::pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, kPause);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Result<ChronyObserved>> ChronyChange::look() {
    ChronyObserved seen;
    seen.since_reload = Clock::now() - since_;
    auto sources = co_await tools_->sources();
    if (!sources) co_return sources.error();
    auto tracking = co_await tools_->tracking();
    if (!tracking) co_return tracking.error();
    seen.sources = std::move(*sources);
    seen.tracking = *tracking;
    co_return seen;
}

asio::awaitable<Status> ChronyChange::write_files() {
    if (auto attached = attach_same(); !attached) co_return attached;
    for (const auto& id : record_.plan.evicted)
        if (auto gone = co_await tools_->remove(id); !gone) co_return gone;
    co_return put_files(record_.plan.staged_text, record_.plan.staged_restore_text);
}

asio::awaitable<Status> ChronyChange::reload() {
    if (auto attached = attach_same(); !attached) co_return attached;
    since_ = Clock::now();
    co_return co_await tools_->reload();
}

asio::awaitable<Status> ChronyChange::prove() {
    const Duration configured = from_seconds(record_.verify_timeout_s);
    const Duration deadline = record_.plan.original ? kRestoreWait : chrony_deadline(record_.plan, configured);
    std::vector<ChronySource> before;
    for (const auto& id : record_.reference_ids) {
        ChronySource source;
        source.id = id;
        source.state = '*';
        source.reach = 1;
        before.push_back(std::move(source));
    }
    bool reloaded_again = false;
    while (true) {
        if (auto attached = attach_same(); !attached) co_return attached;
        const auto seen = co_await look();
        if (!seen) {
            // A chronyd that is about to end or to start does not answer; the next look says which it was.
            if (Clock::now() - since_ > deadline) co_return seen.error();
            co_await pause();
            continue;
        }
        Finding finding = judge_new_sources(record_.plan, *seen, deadline);
        if (record_.plan.original) {
            // Who asks for the service's own sources gets them, even where they do not answer at the moment.
            if (finding.judgement != Judgement::wait) co_return Status();
        } else {
            Finding offsets = judge_offsets(record_.plan, *seen, before);
            if (offsets.judgement == Judgement::roll_back) finding = std::move(offsets);
            if (finding.judgement == Judgement::keep) co_return Status();
            if (finding.judgement == Judgement::roll_back)
                co_return Error{Errc::verification_failed, std::move(finding.reason)};
        }

        // chronyd up to 4.4 drops a source whose options changed at the first reload, and adds it at the second.
        const bool lost =
            std::any_of(record_.plan.members.begin(), record_.plan.members.end(), [&](const auto& member) {
                return !member.withheld && count_sources(seen->sources, member.directive.name) == 0;
            });
        if (lost && !reloaded_again && seen->since_reload > 1s) {
            reloaded_again = true;
            if (auto done = co_await tools_->reload(); !done) co_return done;
        }
        co_await pause();
    }
}

asio::awaitable<Status> ChronyChange::delete_leftovers() {
    for (int i = 0; i < kDeleteAttempts; ++i) {
        const auto sources = co_await tools_->sources();
        if (!sources) co_return sources.error();
        const auto ids = sources_to_delete(record_.plan, *sources);
        if (ids.empty()) break;
        for (const auto& id : ids)
            if (auto gone = co_await tools_->remove(id); !gone) co_return gone;
    }
    co_return Status();
}

asio::awaitable<Status> ChronyChange::remove_base() {
    const auto presence = attach();
    if (!presence) co_return presence.error();
    if (*presence == Presence::absent) co_return put_files(record_.plan.final_text, record_.plan.final_restore_text);

    if (auto done = put_files(record_.plan.settled_text, record_.plan.final_restore_text); !done) co_return done;
    if (auto done = co_await tools_->reload(); !done) co_return done;
    if (auto done = co_await delete_leftovers(); !done) co_return done;
    if (record_.plan.final_text == record_.plan.settled_text) co_return Status();
    if (auto done = put_files(record_.plan.final_text, record_.plan.final_restore_text); !done) co_return done;
    co_return co_await tools_->reload();
}

asio::awaitable<Result<std::string>> ChronyChange::confirm() {
    const Duration deadline = chrony_deadline(record_.plan, from_seconds(record_.verify_timeout_s));
    ChronyTracking before;
    before.reference_time_s = record_.reference_time_s;
    since_ = Clock::now();
    while (true) {
        const auto presence = attach();
        if (!presence) co_return presence.error();
        // At boot nothing runs yet: the files are in place, and what they ask for is checked when chronyd is there.
        if (*presence == Presence::absent) co_return std::string();
        if (auto done = co_await delete_leftovers(); !done) co_return done.error();
        const auto seen = co_await look();
        if (!seen) co_return seen.error();
        Finding finding = judge_takeover(record_.plan, *seen, before, deadline);
        if (finding.judgement == Judgement::roll_back && !record_.plan.original)
            co_return Error{Errc::verification_failed, std::move(finding.reason)};
        if (finding.judgement != Judgement::wait) {
            for (const auto& source : seen->sources)
                if (source.state == '*') co_return source.name;
            co_return std::string();
        }
        co_await pause();
    }
}

asio::awaitable<Status> ChronyChange::bring_back_deleted() {
    const auto sources = co_await tools_->sources();
    if (!sources) co_return sources.error();
    std::vector<ChronyDirective> missing;
    for (const auto& former : record_.former) {
        const std::size_t now = count_sources(*sources, former.name);
        if (now >= former.sources) continue;
        for (const auto& directive : record_.plan.removed) {
            if (!same_source_name(directive.name, former.name)) continue;
            missing.push_back(directive);
            // What is left of a pool would keep its addresses from the line that brings the whole pool back.
            for (const auto& source : *sources)
                if (same_source_name(source.name, former.name))
                    if (auto gone = co_await tools_->remove(source.id); !gone) co_return gone;
        }
    }
    if (missing.empty()) co_return put_restore(record_.restore_before);

    auto lines = parse_chrony_sources_file(record_.restore_before.value_or(""));
    if (!lines) co_return lines.error();
    for (const auto& directive : missing)
        if (std::none_of(lines->begin(), lines->end(),
                         [&](const auto& line) { return same_source_name(line.name, directive.name); }))
            lines->push_back(directive);
    if (auto done = put_restore(render_chrony_sources(*lines)); !done) co_return done;
    since_ = Clock::now();
    if (auto done = co_await tools_->reload(); !done) co_return done;
    // Ours stay until one of them answers, so that chronyd is not left without a source in between.
    while (Clock::now() - since_ < kRestoreWait) {
        const auto seen = co_await look();
        if (!seen) co_return seen.error();
        for (const auto& source : seen->sources)
            for (const auto& directive : missing)
                if (source.selectable() && same_source_name(source.name, directive.name)) co_return Status();
        co_await pause();
    }
    co_return Status();
}

asio::awaitable<Status> ChronyChange::check_former() {
    std::string lost;
    for (int i = 0; i < kDeleteAttempts; ++i) {
        const auto sources = co_await tools_->sources();
        if (!sources) co_return sources.error();
        lost.clear();
        for (const auto& former : record_.former)
            if (count_sources(*sources, former.name) == 0) lost += (lost.empty() ? "" : ", ") + former.name;
        if (lost.empty()) co_return Status();
        if (auto done = co_await tools_->reload(); !done) co_return done;
        co_await pause();
    }
    co_return Error{Errc::verification_failed, "chronyd did not take back " + lost};
}

asio::awaitable<Status> ChronyChange::reload_patiently() {
    Status done = co_await tools_->reload();
    for (int i = 0; !done && i < kReloadAttempts; ++i) {
        co_await pause();
        done = co_await tools_->reload();
    }
    co_return done;
}

asio::awaitable<Status> ChronyChange::undo() {
    left_alone_.clear();
    auto presence = attach();
    if (!presence) co_return presence.error();
    if (*presence != Presence::same) {
        // Another chronyd reads its own configuration: nothing deleted at run time needs to be brought back.
        if (auto done = unless_changed_by_others(put_restore(std::nullopt)); !done) co_return done;
        if (auto done = unless_changed_by_others(put_ours(record_.our_before)); !done) co_return done;
        // One that starts in this moment may have read the files just before.
        presence = attach();
        if (!presence) co_return presence.error();
        if (*presence == Presence::absent) co_return Status();
        co_return co_await reload_patiently();
    }
    // A file that cannot be made durable is no reason to leave chronyd with half of the old sources.
    auto restored = co_await bring_back_deleted();
    const Status brought_back = unless_changed_by_others(std::move(restored));
    const std::size_t others = left_alone_.size();
    const Status put = unless_changed_by_others(put_ours(record_.our_before));
    if (auto done = co_await reload_patiently(); !done) co_return done;
    // What an administrator wrote in place of our lines decides what chronyd follows instead of them.
    if (left_alone_.size() == others)
        if (auto done = co_await check_former(); !done) co_return done;
    if (!brought_back) co_return brought_back;
    co_return put;
}

}  // namespace ntpopt
