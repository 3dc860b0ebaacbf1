// Waits for the end of a job of systemd's: its JobRemoved signal, and only from the systemd that was asked. Starts
// none.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/error.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/signals.hpp"

namespace ntpopt {

class JobWatch {
  public:
    /// Hears from now on; to be made before the job is, or its end may be missed. `systemd` is its unique name.
    JobWatch(BusPump& pump, std::string systemd);
    JobWatch(const JobWatch&) = delete;
    JobWatch& operator=(const JobWatch&) = delete;

    /// How the job ended, in systemd's word: "done", "failed", "dependency", "timeout", "canceled", "skipped".
    /// Errc::timeout where it did not end before `end`. The watch must outlive the wait.
    boost::asio::awaitable<Result<std::string>> ended(std::string job, std::chrono::steady_clock::time_point end);

  private:
    void hear(sdbus::Message& signal);

    std::map<std::string, std::string> results_;  ///< of the jobs that ended, by object path
    boost::asio::steady_timer changed_;           ///< cancelled at each end of a job
    SignalWatch removed_;
};

}  // namespace ntpopt
