// The first two stages of a round: whom there is to ask, and where they are.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/text.hpp"
#include "daemon/core/discover/candidates.hpp"
#include "daemon/core/discover/explore.hpp"
#include "daemon/core/discover/pool_zones.hpp"
#include "daemon/core/discover/probe_budget.hpp"
#include "daemon/core/select/pattern.hpp"
#include "daemon/engine/round.hpp"
#include "daemon/ports/gather.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kResolveDeadline = std::chrono::seconds(5);
constexpr std::size_t kAddressesOfAPool = 4;  // what one client of the pool uses at most
constexpr std::size_t kMaxNotes = 20;         // of one discoverer

/// Of a server's addresses one of each family is measured, of a pool's up to four: its members differ.
std::vector<Address> worth_asking(const std::vector<Address>& addresses, const Candidate& candidate) {
    std::vector<Address> chosen;
    bool seen[2] = {false, false};
    for (const auto& address : addresses) {
        if (!may_lead_to(candidate, address)) continue;
        if (candidate.pool ? chosen.size() >= kAddressesOfAPool : std::exchange(seen[address.is_v4() ? 1 : 0], true))
            continue;
        chosen.push_back(address);
    }
    return chosen;
}

/// An address is where it says.
asio::awaitable<Result<std::vector<Address>>> itself(Address address) {
    co_return std::vector<Address>{address};
}

std::string why_none(const Result<std::vector<Address>>& answer, const Candidate& candidate) {
    if (!answer) return answer.error().detail;
    const auto refused = std::find_if(answer->begin(), answer->end(),
                                      [&](const Address& address) { return !may_lead_to(candidate, address); });
    if (refused == answer->end() || refused->is_unusable()) return "no usable address";
    return fmt::format("leads to the private address {}, which only a configured server may", refused->text());
}

/// Who named what nobody named who may have private servers. That the service uses such a name by our own choice makes
/// it no more trusted than it was when we chose it, nor that they do not name it any more.
std::map<Endpoint, CandidateSource> named_by_strangers(const std::vector<Candidate>& found,
                                                       const ServiceObservation& service,
                                                       const std::vector<Incumbent>& incumbents) {
    const auto is_base = [&service](const Endpoint& endpoint) {
        const auto name = endpoint.host.text();
        return std::count(service.base_names.begin(), service.base_names.end(), name) > 0 ||
               std::any_of(service.sources.begin(), service.sources.end(),
                           [&name](const ServiceSource& source) { return !source.ours && source.name == name; });
    };
    std::map<Endpoint, CandidateSource> out;
    for (const auto& candidate : found)
        if (is_public(candidate.source)) out.emplace(candidate.endpoint, candidate.source);
    for (const auto& incumbent : incumbents)
        if (incumbent.stranger && !is_base(incumbent.endpoint)) out.emplace(incumbent.endpoint, CandidateSource::list);
    for (const auto& candidate : found)
        if (!is_public(candidate.source) &&
            (candidate.source != CandidateSource::current || is_base(candidate.endpoint)))
            out.erase(candidate.endpoint);
    return out;
}

Observation unresolved(const Candidate& candidate, std::string why) {
    return Observation{candidate, std::nullopt, false, Measurement{}, std::move(why), true};
}

Observation left_out(const Candidate& candidate, std::string why) {
    return Observation{candidate, std::nullopt, false, Measurement{}, std::move(why), false};
}

}  // namespace

asio::awaitable<Round::StageResult> Round::discover() {
    auto observed = co_await ports_.time_service.observe();
    if (observed) {
        service_ = *std::move(observed);
        hooks_.observed(service_);
        // Root may have gone back by the applier while no ntpoptd ran.
        if (service_.paused) request_.state = decided_.next = forget_selection(std::move(request_.state));
    } else {
        service_problem_ = observed.error().detail;
    }
    report_.service = service_.service;
    for (const auto& source : context().current)
        report_.previous.push_back(source.endpoint.text());
    report_.selected = report_.previous;

    std::vector<asio::awaitable<Result<Discovered>>> tasks;
    for (auto* discoverer : ports_.discoverers)
        tasks.push_back(with_deadline(discoverer->discover(request_.config, service_), ports_.discover_deadline));
    auto found = co_await gather(std::move(tasks));
    std::vector<Candidate> all;
    std::string detail;
    std::string notes;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto name = ports_.discoverers[i]->name();
        const auto said = found[i] ? std::to_string(found[i]->candidates.size())
                                   : "failed (" + printable(found[i].error().detail) + ")";
        detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", name, said);
        if (!found[i]) continue;
        all.insert(all.end(), found[i]->candidates.begin(), found[i]->candidates.end());
        for (std::size_t n = 0; n < std::min(found[i]->notes.size(), kMaxNotes); ++n)
            notes += fmt::format("; {}: {}", name, printable(found[i]->notes[n]));
    }
    const auto strange = named_by_strangers(all, service_, request_.state.incumbents);
    const auto here = ports_.place.region(request_.config.discovery);
    report_.region = here.text();
    // Whoever is in the set is asked whatever the discoverers say.
    for (const auto& incumbent : request_.state.incumbents) {
        Candidate candidate{incumbent.endpoint, CandidateSource::current};
        candidate.pool = incumbent.pool;
        all.push_back(std::move(candidate));
    }
    candidates_ = order_to_ask(
        merge_candidates(std::move(all), ports_.place.catalogue(), here), request_.state,
        [this](const Host& host) { return host.name() ? ports_.resolver.known(*host.name()) : std::vector<Address>(); },
        ports_.clock.now_s());
    for (auto& candidate : candidates_)
        if (const auto named = strange.find(candidate.endpoint);
            named != strange.end() && candidate.source == CandidateSource::current)
            candidate.source = named->second;
    if (!service_problem_.empty()) notes += fmt::format("; NTP service unknown ({})", service_problem_);
    co_return count_of(candidates_.size(), "candidate") + ": " + detail + notes;
}

asio::awaitable<Round::StageResult> Round::resolve() {
    const auto now_s = ports_.clock.now_s();
    const Families families{request_.config.probe.ipv4, request_.config.probe.ipv6};
    std::vector<const Candidate*> asked;
    std::vector<asio::awaitable<Result<std::vector<Address>>>> tasks;
    const auto most = static_cast<std::size_t>(request_.config.probe.max_candidates);
    std::size_t used = 0;
    std::size_t names = 0;
    const PatternList whitelist(request_.config.selection.whitelist);
    for (const auto& candidate : candidates_) {
        if (!whitelist.admits(candidate.endpoint.host)) {
            observations_.push_back(left_out(candidate, "no pattern of the whitelist matches it"));
        } else if (is_probe_barred(request_.state, candidate.endpoint, std::nullopt, now_s)) {
            observations_.push_back(left_out(candidate, "left alone for now"));
        } else if (const auto* address = candidate.endpoint.host.address();
                   address && !may_lead_to(candidate, *address)) {
            observations_.push_back(left_out(candidate, "a private address, which only a configured server may have"));
        } else if (address && !(address->is_v4() ? families.ipv4 : families.ipv6)) {
            observations_.push_back(left_out(candidate, "its address family is not among probe.families"));
        } else if (used++ >= most) {
            observations_.push_back(left_out(candidate, fmt::format("beyond max_candidates = {}", most)));
        } else {
            asked.push_back(&candidate);
            names += address ? 0 : 1;
            tasks.push_back(address
                                ? itself(*address)
                                : ports_.resolver.resolve(*candidate.endpoint.host.name(), families, kResolveDeadline));
        }
    }
    const auto answers = co_await gather(std::move(tasks));
    const auto is_held = [this](const Candidate& candidate) {
        const auto& incumbents = request_.state.incumbents;
        return std::any_of(incumbents.begin(), incumbents.end(),
                           [&](const Incumbent& held) { return held.endpoint == candidate.endpoint; });
    };
    const auto stand_in = [&](std::size_t i) -> const Candidate* {
        if (is_held(*asked[i])) return nullptr;
        const auto name = wider_zone(*asked[i]);
        if (name.empty() || !answers[i] || !is_sparse_zone(*answers[i])) return nullptr;
        for (std::size_t j = 0; j < asked.size(); ++j)
            if (asked[j]->endpoint.host.text() == name && answers[j]) return asked[j];
        return nullptr;
    };
    // A name of both families is two addresses, a pool up to four, and each of them is asked. The set in use comes
    // first, and of its names none goes without because another one has many.
    const auto held =
        std::count_if(asked.begin(), asked.end(), [&](const auto* candidate) { return is_held(*candidate); });
    ProbeBudget budget(most, static_cast<std::size_t>(held));
    const auto affordable = [&](const std::vector<Address>& addresses, const Endpoint& endpoint) {
        std::vector<Address> out;
        for (const auto& address : addresses)
            if (is_probe_barred(request_.state, endpoint, address, now_s) || budget.take(address, endpoint.port))
                out.push_back(address);
        return out;
    };
    std::size_t failed = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (is_held(*asked[i])) budget.release();
        if (const auto* wider = stand_in(i)) {
            observations_.push_back(
                left_out(*asked[i], fmt::format("too few servers in this zone; {} stands in", wider->endpoint.text())));
            continue;
        }
        const auto addresses = answers[i] ? worth_asking(*answers[i], *asked[i]) : std::vector<Address>{};
        if (addresses.empty()) {
            ++failed;
            observations_.push_back(unresolved(*asked[i], why_none(answers[i], *asked[i])));
            continue;
        }
        const auto chosen = affordable(addresses, asked[i]->endpoint);
        if (chosen.empty())
            observations_.push_back(left_out(*asked[i], budget.is_full()
                                                            ? fmt::format("beyond max_candidates = {}", most)
                                                            : "its host is asked on another port this time"));
        for (const auto& address : chosen) {
            auto observation = unresolved(*asked[i], "");
            observation.address = address;
            observations_.push_back(std::move(observation));
        }
    }
    candidates_left_ = static_cast<int>(most - std::min(std::max(used, budget.taken()), most));
    co_return fmt::format("{} asked, {} without an address", count_of(names, "name"), failed);
}

}  // namespace ntpopt
