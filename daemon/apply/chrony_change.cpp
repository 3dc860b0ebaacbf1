// Implementation of chrony_change.hpp. Old base sources go only after the new ones are proven, and what undoes that is
// on disk before.
#include "daemon/apply/chrony_change.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

}  // namespace

ChronyChange::ChronyChange(ChronyRecord record, Json description, const ApplyConfig& config)
    : record_(std::move(record)),
      description_(std::move(description)),
      link_(record_, config),
      way_(make_chrony_way(record_, link_)) {}

std::vector<std::string> ChronyChange::previous() const {
    return names_of(record_.former);
}

asio::awaitable<Status> ChronyChange::write_files() {
    if (auto attached = link_.attach_same(); !attached) co_return attached;
    for (const auto& id : record_.plan.evicted)
        if (auto gone = co_await link_.tools().remove(id); !gone) co_return gone;
    co_return way_->write(ChronyStage::staged);
}

asio::awaitable<Status> ChronyChange::reload() {
    if (auto attached = link_.attach_same(); !attached) co_return attached;
    link_.restart_clock();
    co_return co_await way_->load(ChronyStage::staged);
}

asio::awaitable<Status> ChronyChange::prove() {
    const Duration configured = from_seconds(record_.verify_timeout_s);
    const Duration deadline = record_.plan.original ? kChronyRestoreWait : chrony_deadline(record_.plan, configured);
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
        if (auto attached = link_.attach_same(); !attached) co_return attached;
        const auto seen = co_await link_.look();
        if (!seen) {
            // A chronyd that is about to end or to start does not answer; the next look says which it was.
            if (link_.elapsed() > deadline) co_return seen.error();
            co_await ChronyLink::pause();
            continue;
        }
        Finding finding = judge_new_sources(record_.plan, *seen, deadline);
        if (record_.plan.original) {
            // Who asks for the service's own sources gets them, even where they do not answer at the moment.
            proven_ = finding.judgement != Judgement::wait;
            if (proven_) co_return Status();
        } else {
            Finding offsets = judge_offsets(record_.plan, *seen, before);
            if (offsets.judgement == Judgement::roll_back) finding = std::move(offsets);
            proven_ = finding.judgement == Judgement::keep;
            if (proven_) co_return Status();
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
            if (auto done = co_await way_->load(ChronyStage::staged); !done) co_return done;
        }
        co_await ChronyLink::pause();
    }
}

/// In a chronyd that was started since nothing is deleted: the record does not describe it, so nobody would bring that
/// back. It has its own sources and ours, and the next change takes its own away once more, with a proof.
bool ChronyChange::may_delete(ChronyPresence presence) const {
    return presence == ChronyPresence::same || (presence == ChronyPresence::restarted && record_.plan.original);
}

/// What an earlier applier proved is mostly there. But one whose disk is full may have undone a change whose journal
/// still says "verified": then the new sources are added again beside the old ones.
asio::awaitable<Status> ChronyChange::await_heirs() {
    std::vector<std::string> names;
    for (const auto& member : record_.plan.members)
        if (!member.withheld) names.push_back(member.directive.name);
    // Where all the new ones wait for addresses of those that stay, these are who is left.
    if (names.empty())
        names = record_.plan.staying;
    else if (proven_)
        co_return Status();
    if (names.empty()) co_return Status();
    const Duration deadline = record_.plan.original
                                  ? kChronyRestoreWait
                                  : chrony_deadline(record_.plan, from_seconds(record_.verify_timeout_s));
    link_.restart_clock();
    bool staged = false;
    while (true) {
        const auto presence = link_.attach();
        if (!presence) co_return presence.error();
        if (*presence == ChronyPresence::absent) co_return Error{Errc::verification_failed, "chronyd ended meanwhile"};
        if (!may_delete(*presence)) co_return Status();
        const auto seen = co_await link_.look();
        if (!seen) co_return seen.error();
        Finding finding = judge_heirs(seen->sources, names, link_.elapsed(), deadline);
        if (finding.judgement == Judgement::keep) co_return Status();
        // Who asks for the service's own sources gets them.
        if (finding.judgement == Judgement::roll_back && record_.plan.original) co_return Status();
        if (finding.judgement == Judgement::roll_back)
            co_return Error{Errc::verification_failed, std::move(finding.reason)};
        if (!std::exchange(staged, true)) {
            if (auto done = way_->write(ChronyStage::staged); !done) co_return done;
            if (auto done = co_await way_->load(ChronyStage::staged); !done) co_return done;
        }
        co_await ChronyLink::pause();
    }
}

asio::awaitable<Status> ChronyChange::delete_leftovers() {
    for (int i = 0; i < kChronyDeleteAttempts; ++i) {
        const auto sources = co_await link_.tools().sources();
        if (!sources) co_return sources.error();
        const auto ids = sources_to_delete(record_.plan, *sources);
        if (ids.empty()) break;
        for (const auto& id : ids) {
            const auto presence = link_.attach();
            if (!presence) co_return presence.error();
            if (*presence == ChronyPresence::absent)
                co_return Error{Errc::verification_failed, "chronyd ended meanwhile"};
            if (!may_delete(*presence)) co_return Status();
            if (auto gone = co_await link_.tools().remove(id); !gone) co_return gone;
        }
    }
    co_return Status();
}

asio::awaitable<Status> ChronyChange::remove_base() {
    const auto presence = link_.attach();
    if (!presence) co_return presence.error();
    if (*presence == ChronyPresence::absent) co_return way_->write(ChronyStage::final);
    if (!may_delete(*presence)) {
        if (auto done = way_->write(ChronyStage::final); !done) co_return done;
        co_return co_await way_->load(ChronyStage::final);
    }

    if (auto done = co_await await_heirs(); !done) co_return done;
    if (auto done = way_->write(ChronyStage::settled); !done) co_return done;
    if (auto done = co_await way_->load(ChronyStage::settled); !done) co_return done;
    if (auto done = co_await delete_leftovers(); !done) co_return done;
    if (record_.plan.final_text == record_.plan.settled_text) co_return Status();
    if (auto done = way_->write(ChronyStage::final); !done) co_return done;
    co_return co_await way_->load(ChronyStage::final);
}

asio::awaitable<Result<std::string>> ChronyChange::confirm() {
    const Duration deadline = chrony_deadline(record_.plan, from_seconds(record_.verify_timeout_s));
    ChronyTracking before;
    before.reference_time_s = record_.reference_time_s;
    link_.restart_clock();
    while (true) {
        const auto presence = link_.attach();
        if (!presence) co_return presence.error();
        // At boot nothing runs yet: the files are in place, and what they ask for is checked when chronyd is there.
        if (*presence == ChronyPresence::absent) co_return std::string();
        if (auto done = co_await delete_leftovers(); !done) co_return done.error();
        const auto seen = co_await link_.look();
        if (!seen) co_return seen.error();
        if (!may_delete(*presence) && !sources_to_delete(record_.plan, seen->sources).empty()) co_return std::string();
        Finding finding = judge_takeover(record_.plan, *seen, before, deadline);
        if (finding.judgement == Judgement::roll_back && !record_.plan.original)
            co_return Error{Errc::verification_failed, std::move(finding.reason)};
        if (finding.judgement != Judgement::wait) {
            for (const auto& source : seen->sources)
                if (source.state == '*') co_return source.name;
            co_return std::string();
        }
        co_await ChronyLink::pause();
    }
}

asio::awaitable<Status> ChronyChange::undo() {
    co_return co_await way_->undo();
}

Status ChronyChange::withdraw_files() {
    return way_->withdraw();
}

}  // namespace ntpopt
