// Implementation of lists.hpp.
#include "daemon/io/discover/lists.hpp"

#include <fmt/format.h>

#include <memory>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/core/config/parse.hpp"
#include "daemon/core/discover/server_list.hpp"
#include "daemon/io/net/fetch.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kDeadline = std::chrono::seconds(10);
constexpr Duration kResolveDeadline = std::chrono::seconds(4);
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

/// Many lists have one host, and no name is asked for more than once an hour: it is looked up here, not by the child.
asio::awaitable<Result<FetchReply>> ListedServers::ask(CachedList kept) {
    FetchRequest request;
    request.deadline = kDeadline;
    const auto host = host_of_url(kept.url);
    if (!host) co_return host.error();
    if (host->name()) {
        const auto begun = std::chrono::steady_clock::now();
        const Families both;
        auto found = co_await resolver_.resolve(*host->name(), both, kResolveDeadline);
        if (!found) co_return found.error().in(host->text());
        request.addresses = *std::move(found);
        request.deadline -= std::chrono::steady_clock::now() - begun;
    }
    request.url = kept.url;
    if (!kept.body.empty()) request.etag = kept.etag;
    request.max_bytes = kMaxListBytes;
    co_return co_await fetch(fetch_program_, std::move(request));
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

asio::awaitable<Discovered> ListedServers::read_list(std::string url) {
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
    const auto& urls = config.discovery.lists;
    const auto executor = co_await asio::this_coro::executor;
    struct Shared {
        explicit Shared(asio::any_io_executor any) : finished(any, asio::steady_timer::time_point::max()) {}
        std::vector<Discovered> found;
        std::size_t open = 0;
        asio::steady_timer finished;
    };
    const auto shared = std::make_shared<Shared>(executor);
    std::vector<asio::cancellation_signal> signals(urls.size());
    shared->found.resize(urls.size());
    shared->open = urls.size();
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto on_done = [shared, i](std::exception_ptr failure, Discovered found) {
            if (failure) found.notes.push_back("a list could not be read");
            shared->found[i] = std::move(found);
            if (--shared->open == 0) shared->finished.cancel();
        };
        asio::co_spawn(executor, read_list(urls[i]),
                       asio::bind_cancellation_slot(signals[i].slot(), std::move(on_done)));
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    while (shared->open > 0) {
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await shared->finished.async_wait(token);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() == asio::cancellation_type::none || shared->open == 0) continue;
        for (auto& signal : signals)
            signal.emit(asio::cancellation_type::terminal);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    Discovered out;
    for (auto& found : shared->found) {
        out.candidates.insert(out.candidates.end(), found.candidates.begin(), found.candidates.end());
        out.notes.insert(out.notes.end(), found.notes.begin(), found.notes.end());
    }
    co_return out;
}

}  // namespace ntpopt
