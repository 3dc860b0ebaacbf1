// Implementation of lists.hpp.
#include "daemon/io/discover/lists.hpp"

#include <fmt/format.h>

#include "daemon/core/config/parse.hpp"
#include "daemon/core/discover/server_list.hpp"
#include "daemon/io/net/fetch.hpp"
#include "daemon/io/sys/files.hpp"
#include "daemon/ports/gather.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kDeadline = std::chrono::seconds(10);
constexpr Duration kResolveDeadline = std::chrono::seconds(4);
constexpr int kMaxRedirections = 3;
constexpr Duration kLeastAge = std::chrono::hours(1);  // nobody's server is asked more often
constexpr Duration kLeastAgeOfFailure = std::chrono::minutes(5);
constexpr std::string_view kFileScheme = "file://";

std::string age(Duration time) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time);
    return render_duration(std::max<Duration>(minutes, std::chrono::minutes(1)));
}

/// The body as candidates, and what there is to say of it.
Discovered parsed(const std::string& shown, std::string_view body) {
    Discovered out;
    auto list = parse_server_list(body);
    if (!list) {
        out.notes.push_back(fmt::format("{}: {}", shown, list.error().detail));
        return out;
    }
    if (list->refused > 0) out.notes.push_back(fmt::format("{}: {} entries refused", shown, list->refused));
    out.candidates = std::move(list->candidates);
    return out;
}

}  // namespace

ListedServers::ListedServers(std::string fetch_program, Resolver& resolver, Cache& cache, const Clock& clock)
    : fetch_program_(std::move(fetch_program)), resolver_(resolver), cache_(cache), clock_(clock) {}

/// Many lists have one host, and no name is asked for more than once an hour: names are looked up here, not by the
/// child, those of redirections too.
asio::awaitable<Result<std::vector<Address>>> ListedServers::addresses_of(Host host, Duration deadline) {
    if (!host.name()) co_return std::vector<Address>();
    const Families both;
    auto found = co_await resolver_.resolve(*host.name(), both, std::min(deadline, kResolveDeadline));
    if (!found) co_return found.error().in(host.text());
    co_return found;
}

asio::awaitable<Result<FetchReply>> ListedServers::ask(CachedList kept) {
    auto host = host_of_url(kept.url);
    if (!host) co_return host.error();
    FetchRequest request;
    request.url = kept.url;
    request.home = host->text();
    if (!kept.body.empty()) request.etag = kept.etag;
    request.max_bytes = kMaxListBytes;
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    for (int redirections = 0; redirections <= kMaxRedirections; ++redirections) {
        auto addresses = co_await addresses_of(*host, end - std::chrono::steady_clock::now());
        if (!addresses) co_return addresses.error();
        request.addresses = *std::move(addresses);
        request.deadline = end - std::chrono::steady_clock::now();
        if (request.deadline <= Duration::zero()) co_return Error{Errc::timeout, "did not arrive in time"};
        auto reply = co_await fetch(fetch_program_, request);
        if (!reply || reply->moved_to.empty()) co_return reply;
        request.url = reply->moved_to;
        host = Host::parse(reply->moved_host);
        if (!host) co_return host.error();
    }
    co_return Error{Errc::refused, fmt::format("more than {} redirections", kMaxRedirections)};
}

/// Brings the copy up to date where it is older than an hour.
asio::awaitable<void> ListedServers::fetch_list(CachedList* kept, std::vector<std::string>* notes) {
    const auto now = clock_.now();
    const auto checked = now - kept->checked;
    const bool failed = kept->checked > kept->fetched;
    if (checked >= Duration::zero() && checked < (failed ? kLeastAgeOfFailure : kLeastAge)) {
        if (failed) notes->push_back("failed a moment ago");
        co_return;
    }
    auto reply = co_await ask(*kept);
    if (!reply && reply.error().code == Errc::shutting_down) co_return;
    kept->checked = now;
    if (!reply) {
        notes->push_back(reply.error().detail);
    } else if (reply->unchanged) {
        kept->fetched = now;
    } else if (const auto list = parse_server_list(reply->body); !list) {
        notes->push_back(list.error().detail);  // the copy that is there is better
    } else {
        kept->fetched = now;
        kept->etag = reply->etag;
        kept->body = std::move(reply->body);
    }
    cache_.put(*kept);
}

asio::awaitable<Result<Discovered>> ListedServers::read_list(std::string url) {
    const auto shown = without_secrets(url);
    Discovered out;
    if (url.starts_with(kFileScheme)) {
        const auto text = read_foreign_file(url.substr(kFileScheme.size()), kMaxListBytes);
        if (text && *text) co_return parsed(shown, **text);
        out.notes.push_back(fmt::format("{}: {}", shown, text ? "there is no such file" : text.error().detail));
        co_return out;
    }
    CachedList empty;
    empty.url = url;
    auto kept = cache_.list(url).value_or(empty);
    std::vector<std::string> notes;
    co_await fetch_list(&kept, &notes);
    if (!kept.body.empty()) out = parsed(shown, kept.body);
    if (!notes.empty() && !kept.body.empty())
        notes.push_back(fmt::format("the copy of {} ago is used", age(clock_.now() - kept.fetched)));
    std::string said;
    for (const auto& note : notes)
        said += (said.empty() ? "" : "; ") + note;
    if (!said.empty()) out.notes.push_back(fmt::format("{}: {}", shown, said));
    co_return out;
}

asio::awaitable<Result<Discovered>> ListedServers::discover(Config config, ServiceObservation) {
    std::vector<asio::awaitable<Result<Discovered>>> tasks;
    for (const auto& url : config.discovery.lists)
        tasks.push_back(read_list(url));
    const auto lists = co_await gather(std::move(tasks));
    Discovered out;
    for (const auto& found : lists) {
        if (!found) {
            out.notes.push_back("a list could not be read");
            continue;
        }
        out.candidates.insert(out.candidates.end(), found->candidates.begin(), found->candidates.end());
        out.notes.insert(out.notes.end(), found->notes.begin(), found->notes.end());
    }
    co_return out;
}

}  // namespace ntpopt
