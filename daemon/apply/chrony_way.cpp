// Implementation of chrony_way.hpp.
#include "daemon/apply/chrony_way.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/apply/chrony_edited.hpp"
#include "daemon/apply/chrony_sourcedir.hpp"

namespace ntpopt {

namespace asio = boost::asio;

namespace {

/// The line of one member of a pool, or of a server, by its address.
ChronyDirective at_address(const ChronyDirective& directive, const std::string& address) {
    ChronyDirective line = directive;
    line.kind = directive.kind == ChronySourceKind::peer ? directive.kind : ChronySourceKind::server;
    line.name = address;
    line.text = fmt::format("{} {}", name_of(line.kind), address);
    const auto parts = words(directive.text);
    for (std::size_t i = 2; i < parts.size(); ++i) {
        if (to_lower(parts[i]) == "maxsources") {
            ++i;
            continue;
        }
        line.text += fmt::format(" {}", parts[i]);
    }
    return line;
}

}  // namespace

std::unique_ptr<ChronyWay> make_chrony_way(const ChronyRecord& record, ChronyLink& link) {
    if (record.config) return std::make_unique<ChronyEdited>(record, link);
    return std::make_unique<ChronySourcedir>(record, link);
}

Status ChronyWay::unless_changed_by_others(Status done) {
    if (done || done.error().code != Errc::refused) return done;
    left_alone_.push_back(done.error().detail);
    return {};
}

const ChronyFormer* ChronyWay::former_of(const ChronyDirective& line) const {
    const auto found = std::find_if(record_.former.begin(), record_.former.end(),
                                    [&](const auto& former) { return same_source_name(former.name, line.name); });
    return found == record_.former.end() ? nullptr : &*found;
}

bool ChronyWay::is_missing(const ChronyDirective& line, const std::vector<ChronySource>& sources) const {
    const auto all = count_sources(sources, line.name);
    const auto* former = former_of(line);
    if (former == nullptr) return all == 0;
    const auto resolved = static_cast<std::size_t>(std::count_if(sources.begin(), sources.end(), [&](const auto& one) {
        return one.address && same_source_name(one.name, line.name);
    }));
    const auto most = static_cast<std::size_t>(line.max_sources);
    return resolved < std::min(former->addresses.size(), most) || all < std::min(former->sources, most);
}

asio::awaitable<Result<std::vector<ChronyDirective>>> ChronyWay::take_missing(std::vector<ChronyDirective> known) {
    const auto sources = co_await link_.tools().sources();
    if (!sources) co_return sources.error();
    std::vector<ChronyDirective> missing;
    for (const auto& former : record_.former) {
        const auto line = std::find_if(known.begin(), known.end(), [&](const auto& directive) {
            return same_source_name(directive.name, former.name);
        });
        if (line == known.end() || !is_missing(*line, *sources)) continue;
        missing.push_back(*line);
        for (const auto& source : *sources)
            if (source.is_unresolved() && same_source_name(source.name, former.name))
                if (auto gone = co_await link_.tools().remove(source.id); !gone) co_return gone.error();
    }
    co_return missing;
}

std::vector<std::string> ChronyWay::names_of_returning(const std::vector<ChronyDirective>& lines) const {
    std::vector<std::string> names;
    for (const auto& line : lines) {
        names.push_back(line.name);
        if (const auto* former = former_of(line))
            names.insert(names.end(), former->addresses.begin(), former->addresses.end());
    }
    return names;
}

asio::awaitable<bool> ChronyWay::add_by_address(ChronyDirective line) {
    bool any = false;
    if (const auto* former = former_of(line))
        for (const auto& address : former->addresses) {
            auto one = at_address(line, address);
            const auto added = co_await link_.tools().add(std::move(one));
            any = any || added;
        }
    co_return any;
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
