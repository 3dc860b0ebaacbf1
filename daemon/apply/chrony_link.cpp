// Implementation of chrony_link.hpp.
#include "daemon/apply/chrony_link.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/apply/detect.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr auto kPause = std::chrono::milliseconds(250);

}  // namespace

Result<ChronyPresence> ChronyLink::attach() {
    auto process = find_service(Service::chronyd, record_.instance);
    if (!process) return process.error();
    tools_.reset();
    presence_ = ChronyPresence::absent;
    if (!*process) return presence_;
    const bool same = instance_of(**process) == record_.instance;
    tools_.emplace(std::move(**process), config_);
    tools_->use_chronyc(record_.chronyc);
    presence_ = same ? ChronyPresence::same : ChronyPresence::restarted;
    return presence_;
}

Status ChronyLink::attach_same() {
    const auto presence = attach();
    if (!presence) return presence.error();
    if (*presence == ChronyPresence::absent) return Error{Errc::verification_failed, "chronyd ended meanwhile"};
    if (*presence == ChronyPresence::restarted)
        return Error{Errc::verification_failed, "chronyd was restarted meanwhile"};
    return {};
}

asio::awaitable<Result<ChronyObserved>> ChronyLink::look() {
    ChronyObserved seen;
    seen.since_reload = elapsed();
    auto sources = co_await tools_->sources();
    if (!sources) co_return sources.error();
    auto tracking = co_await tools_->tracking();
    if (!tracking) co_return tracking.error();
    seen.sources = std::move(*sources);
    seen.tracking = *tracking;
    co_return seen;
}

asio::awaitable<void> ChronyLink::pause() {
    asio::steady_timer timer(co_await asio::this_coro::executor, kPause);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace ntpopt
