// Implementation of systemd_job.hpp on the signal JobRemoved of org.freedesktop.systemd1(5).
#include "daemon/io/bus/systemd_job.hpp"

#include <sdbus-c++/Types.h>

#include <cstdint>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/text.hpp"

namespace ntpopt {
namespace {

/// A machine that starts up ends many jobs; ours is among the first hundreds that we hear of.
constexpr std::size_t kMaxJobs = 1000;
constexpr std::size_t kMaxWord = 32;

}  // namespace

JobWatch::JobWatch(BusPump& pump, std::string systemd)
    : changed_(pump.executor()),
      removed_(pump, std::move(systemd), {"", "org.freedesktop.systemd1.Manager", "JobRemoved"},
               [this](sdbus::Message& signal) { hear(signal); }) {}

void JobWatch::hear(sdbus::Message& signal) {
    if (results_.size() >= kMaxJobs) return;
    std::uint32_t id = 0;
    sdbus::ObjectPath job;
    std::string unit;
    std::string result;
    signal >> id >> job >> unit >> result;
    results_[job] = printable(result, kMaxWord);
    changed_.cancel();
}

boost::asio::awaitable<Result<std::string>> JobWatch::ended(std::string job,
                                                            std::chrono::steady_clock::time_point end) {
    while (!results_.contains(job)) {
        if (std::chrono::steady_clock::now() >= end) co_return Error{Errc::timeout, "systemd's job does not end"};
        changed_.expires_at(end);
        co_await changed_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return results_[job];
}

}  // namespace ntpopt
