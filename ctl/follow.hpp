// Follows a round to its end. Signals only hurry it: what is shown and returned was asked for by a call, so that a lost
// or forged signal changes nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/error.hpp"
#include "common/json.hpp"
#include "ctl/bus.hpp"
#include "ctl/output.hpp"

namespace ntpopt::ctl {

/// Listens from before the round starts; construct it before calling Reoptimize or Rollback.
class Follower {
  public:
    Follower(Bus& bus, Remote& manager, Output& output);
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    /// Subscribes; Errc::unavailable where the daemon does not run.
    [[nodiscard]] Status start();

    /// The run report, when the round is over. Errc::unavailable where the daemon went away meanwhile.
    [[nodiscard]] Result<Json> wait_for(std::uint64_t run_id);

  private:
    void hear(const std::string& member, const Json& arguments);
    void show(const std::string& stage, std::uint64_t done, std::uint64_t total);
    /// What is known of the stage, with the spinner as it stands now.
    void draw();

    Bus& bus_;
    Remote& manager_;
    Output& output_;
    std::string owner_;
    bool gone_ = false;
    bool look_ = false;  ///< a signal says that something of interest happened
    std::uint64_t run_id_ = 0;
    std::string stage_;
    std::uint64_t done_ = 0;
    std::uint64_t total_ = 0;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

/// Whether the process was asked to stop (SIGINT or SIGTERM); arms itself with the first call.
[[nodiscard]] bool interrupted();

}  // namespace ntpopt::ctl
