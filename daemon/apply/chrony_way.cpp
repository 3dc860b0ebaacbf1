// Implementation of chrony_way.hpp.
#include "daemon/apply/chrony_way.hpp"

#include <algorithm>

#include "daemon/apply/chrony_edited.hpp"
#include "daemon/apply/chrony_sourcedir.hpp"

namespace ntpopt {

namespace asio = boost::asio;

std::unique_ptr<ChronyWay> make_chrony_way(const ChronyRecord& record, ChronyLink& link) {
    if (record.config) return std::make_unique<ChronyEdited>(record, link);
    return std::make_unique<ChronySourcedir>(record, link);
}

Status ChronyWay::unless_changed_by_others(Status done) {
    if (done || done.error().code != Errc::refused) return done;
    left_alone_.push_back(done.error().detail);
    return {};
}

asio::awaitable<Result<std::vector<ChronyDirective>>> ChronyWay::take_missing(std::vector<ChronyDirective> known) {
    const auto sources = co_await link_.tools().sources();
    if (!sources) co_return sources.error();
    std::vector<ChronyDirective> missing;
    for (const auto& former : record_.former) {
        if (count_sources(*sources, former.name) >= former.sources) continue;
        const auto line = std::find_if(known.begin(), known.end(), [&](const auto& directive) {
            return same_source_name(directive.name, former.name);
        });
        if (line == known.end()) continue;
        missing.push_back(*line);
        for (const auto& source : *sources)
            if (same_source_name(source.name, former.name))
                if (auto gone = co_await link_.tools().remove(source.id); !gone) co_return gone.error();
    }
    co_return missing;
}

asio::awaitable<Status> ChronyWay::await_one_of(std::vector<std::string> names) {
    link_.restart_clock();
    while (link_.elapsed() < kChronyRestoreWait) {
        const auto seen = co_await link_.look();
        if (!seen) co_return seen.error();
        const Finding finding = judge_heirs(seen->sources, names, link_.elapsed(), kChronyRestoreWait);
        if (finding.judgement != Judgement::wait) break;
        co_await ChronyLink::pause();
    }
    co_return Status();
}

asio::awaitable<Status> ChronyWay::delete_all_but_former(std::vector<std::string> names) {
    if (names.empty()) co_return Status();
    const auto is_former = [&](const ChronySource& source) {
        return std::any_of(record_.former.begin(), record_.former.end(), [&](const auto& former) {
            return same_source_name(former.name, source.name) ||
                   std::find(former.addresses.begin(), former.addresses.end(), source.name) != former.addresses.end();
        });
    };
    for (int i = 0; i < kChronyDeleteAttempts; ++i) {
        const auto sources = co_await link_.tools().sources();
        if (!sources) co_return sources.error();
        bool any = false;
        for (const auto& source : *sources) {
            const auto named = std::any_of(names.begin(), names.end(),
                                           [&](const auto& name) { return same_source_name(name, source.name); });
            if (source.is_refclock() || !named || is_former(source)) continue;
            any = true;
            if (auto gone = co_await link_.tools().remove(source.id); !gone) co_return gone;
        }
        if (!any) co_return Status();
    }
    co_return Error{Errc::verification_failed, "chronyd keeps sources that were deleted"};
}

}  // namespace ntpopt
