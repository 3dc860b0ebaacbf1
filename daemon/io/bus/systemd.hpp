// What systemd knows of some services, asked over our own bus connection, and the one thing that it is told to do:
// restart one of them. Where no systemd owns its name there is nothing to know; it is never started for a question.
// Judges nothing.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/io/bus/bus_call.hpp"
#include "daemon/io/bus/bus_pump.hpp"

namespace ntpopt {

/// A unit as systemd describes it; the words are those of org.freedesktop.systemd1(5).
struct UnitFacts {
    std::string id;            ///< its name; aliases lead to it
    std::string load_state;    ///< "loaded", "masked", "bad-setting", "error"
    std::string active_state;  ///< "active", "reloading", "inactive", "failed", "activating", "deactivating"
    std::string sub_state;
    std::string file_state;  ///< "enabled", "disabled", "static", ...; "" where it is not known
    std::string invocation;  ///< of this very start, 32 hexadecimal digits; "" where it is not known
    pid_t main_pid = 0;      ///< 0 where it is not known
    /// What kept it from starting the last time, as unit files say it: "ConditionVirtualization=!container". Of a unit
    /// that rests only.
    std::vector<std::string> failed_conditions;
};

class Systemd {
  public:
    /// All questions of one units() together take at most `deadline`.
    explicit Systemd(BusPump& pump, Duration deadline = std::chrono::seconds(5));

    /// The units that exist among these names (each ends with ".service"), none twice. Empty where there is no systemd.
    /// Errors: Errc::timeout, then Errc::unavailable for a minute without asking; Errc::parse where the answer is none.
    boost::asio::awaitable<Result<std::vector<UnitFacts>>> units(std::vector<std::string> names);

    /// Restarts a unit that runs (TryRestartUnit) and waits for the end of that job; the answer is the unit as it runs
    /// anew. Errors: Errc::refused where no systemd is there to do it; Errc::verification_failed where the job failed,
    /// or the unit does not run or is the same invocation afterwards; Errc::timeout where the job did not end in time.
    /// A unit that failed is started again only where `which` says so: for one that failed by our doing.
    enum class Restart { if_running, also_if_failed };
    boost::asio::awaitable<Result<UnitFacts>> restart(std::string unit, Duration deadline,
                                                      Restart which = Restart::if_running);

  private:
    using Clock = std::chrono::steady_clock;

    boost::asio::awaitable<Result<std::string>> owner();
    boost::asio::awaitable<Result<std::vector<UnitFacts>>> ask(std::string owner, std::vector<std::string> names,
                                                               Clock::time_point end);
    boost::asio::awaitable<Result<UnitFacts>> ask_one(std::string owner, std::string unit, Clock::time_point end);
    /// Nothing where it does not come in time, or is of another type.
    template <typename Value>
    boost::asio::awaitable<std::optional<Value>> property(std::shared_ptr<BusObject> unit, std::string interface,
                                                          std::string name, Clock::time_point end);

    BusPump& pump_;
    Duration deadline_;
    BusObject bus_;
    std::string silent_owner_;  ///< who did not answer in time
    Clock::time_point silent_until_;
};

}  // namespace ntpopt
