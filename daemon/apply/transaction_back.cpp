// Implementation of transaction.hpp: the ways back, by hand and before a removal.
#include <fmt/format.h>

#include <map>

#include "daemon/apply/limits.hpp"
#include "daemon/apply/transaction.hpp"
#include "daemon/core/select/choices.hpp"
#include "daemon/io/sys/journal.hpp"

namespace ntpopt {
namespace asio = boost::asio;

std::vector<KeptSet> Transactions::kept() const {
    std::vector<KeptSet> list;
    const auto& document = journal_.document();
    for (auto set = document.kept.rbegin(); set != document.kept.rend(); ++set)
        list.push_back({set->transaction, set->committed_usec, names_of(set->choices), set->original});
    if (document.committed && !document.committed->original && (list.empty() || !list.back().original))
        list.push_back({0, 0, {}, true});
    return list;
}

Result<Transactions::Request> Transactions::rollback_request(bool original, bool by_root) {
    if (busy_) return Error{Errc::busy, "another change is under way"};
    auto& document = journal_.document();
    // Our files may be there although the record of them was lost.
    if (!document.committed && !original) return nothing_changed();
    settle_times(document, clock_.now());
    if (auto fine = check_begun(document, clock_.now()); !fine && !by_root) return fine.error();
    Request request{std::string(kRollback), {}};
    request.goal.original = original || document.kept.empty() || document.kept.back().original;
    if (!request.goal.original && !policy_) return policy_.error().in("only rollback --original is possible");
    if (!request.goal.original) request.goal.choices = document.kept.back().choices;
    // Root's policy may have changed since; the service's own configuration is root's own.
    if (auto listed = check_whitelist(request.goal.choices, config_); !listed)
        return listed.error().in("the configuration before this one cannot be restored (use --original)");
    return request;
}

asio::awaitable<Result<std::uint64_t>> Transactions::begin_rollback(bool original, bool by_root,
                                                                    EvidenceMark evidence) {
    auto request = rollback_request(original, by_root);
    if (!request) co_return request.error();
    request->evidence = std::move(evidence);
    co_return co_await begin(*std::move(request));
}

asio::awaitable<Status> Transactions::can_roll_back(bool original, bool by_root) {
    auto request = rollback_request(original, by_root);
    if (!request) co_return request.error();
    const auto prepared = co_await prepare(request->kind, std::move(request->goal));
    co_return prepared ? Status() : Status(prepared.error());
}

/// Where the service has its own servers back there is nothing more to take back, unless somebody brought ours back:
/// from a copy, for example.
asio::awaitable<Status> Transactions::check_way_back(std::shared_ptr<Backend> backend) {
    const auto& committed = journal_.document().committed;
    const Service service = backend->service();
    if (!committed || !committed->original || committed->service != service) co_return Status();
    auto past = past_of(service);
    const auto seen = co_await backend->observe(std::move(past));
    if (!seen || seen->drifted) co_return Status();
    co_return Error{Errc::not_found, "there is nothing to go back to: the service uses its own servers"};
}

Status Transactions::withdraw_files_of(Service service, const Json& record) const {
    const auto own = named_(service);
    if (!own) return own.error();
    const auto change = (*own)->resume(record);
    if (!change) return change.error();
    return (*change)->withdraw_files();
}

void Transactions::withdraw_former(Service service) {
    if (!is_of_another(service)) return;
    auto& document = journal_.document();
    const Service former = document.committed->service;
    const Status done = withdraw_files_of(former, document.committed->change);
    if (done)
        log(Priority::notice, fmt::format("the files of {} are without ntpopt's lines again", name_of(former)));
    else
        log(Priority::warning,
            fmt::format("lines of ntpopt's may be left in the files of {}: {}", name_of(former), done.error().detail));
    document.committed.reset();
    document.kept.clear();
}

asio::awaitable<Result<bool>> Transactions::withdraw() {
    if (busy_) co_return Error{Errc::busy, "another change is under way"};
    auto& document = journal_.document();
    const auto& committed = document.committed;
    auto& last = document.transaction;
    std::map<Service, std::vector<Json>> records;
    if (last && !last->change.empty()) records[last->service].push_back(last->change);
    if (committed && !(last && last->report.id == committed->transaction))
        records[committed->service].push_back(committed->change);
    for (const auto& [service, changes] : records) {
        // Each knows texts that the other does not; what one took away is no obstacle to the other the second time.
        Status done;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            done = {};
            for (const auto& change : changes)
                if (auto gone = withdraw_files_of(service, change); !gone && done) done = std::move(gone);
            if (done) break;
        }
        if (!done) co_return done.error();
        log(Priority::notice, fmt::format("the files of {} are without ntpopt's lines again", name_of(service)));
    }
    if (records.empty()) co_return false;
    if (last) last->change = Json();
    document.committed.reset();
    document.kept.clear();
    document.paused = true;
    if (auto saved = journal_.save(); !saved) co_return saved.error();
    const auto running = co_await find_();
    const bool goes_on = running && records.contains((*running)->service());
    co_return goes_on;
}

}  // namespace ntpopt
