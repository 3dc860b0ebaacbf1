// Authority as the administrator set it up: root may do everything, everybody else is asked about at polkit. polkit's
// rules decide; this file only asks, and takes no for an answer whenever it gets none.
//
// How a call of an unprivileged user goes:
//
//   caller                 ntpoptd                                   polkitd               the user's agent
//     | Reoptimize            |                                         |                      |
//     |---------------------->| whose process is it? (the bus says)     |                      |
//     |                       | GetNameOwner, else StartServiceByName   |                      |
//     |                       | CheckAuthorization(system-bus-name,     |                      |
//     |                       |   org.ntpopt1.reoptimize, interactive?) |                      |
//     |                       |---------------------------------------->| password?            |
//     |                       |       (other calls go on meanwhile)     |--------------------->|
//     |                       |                    yes, no, "challenge" |<---------------------|
//     |                       |<----------------------------------------|                      |
//     | run_id, or an error   |                                         |                      |
//     |<----------------------|                                         |                      |
//
// The call ends without the action where the caller leaves the bus, polkit does not answer in time, or ntpoptd stops;
// polkit is then told (CancelCheckAuthorization), so that no dialog outlives its reason.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "common/duration.hpp"
#include "daemon/api/authority.hpp"
#include "daemon/io/bus/bus_call.hpp"
#include "daemon/io/bus/bus_pump.hpp"

namespace ntpopt {

class Polkit final : public Authority {
  public:
    struct Limits {
        Duration answer = std::chrono::seconds(10);   ///< how long polkit may think
        Duration password = std::chrono::minutes(2);  ///< the same where somebody may be typing
        std::size_t of_one_user = 16;                 ///< checks under way at a time
        std::size_t in_all = 64;
    };

    explicit Polkit(BusPump& pump);
    Polkit(BusPump& pump, Limits limits);

    /// The sentence of an error is for people: it names the action and says whose word it is.
    boost::asio::awaitable<Status> allow(Caller caller, Action action) override;

    /// Ends every check with Errc::shutting_down.
    void stop();

    [[nodiscard]] std::size_t pending() const { return checks_.size(); }

  private:
    struct Check {
        std::string caller;
        uid_t user;
        std::string cancellation_id;
        std::shared_ptr<GivingUp> giving_up = std::make_shared<GivingUp>();
        bool caller_left = false;
    };
    using Checks = std::list<Check>;

    [[nodiscard]] std::size_t pending_of(uid_t user) const;
    Checks::iterator begin(const Caller& caller);
    void end(Checks::iterator check);
    void hear_of_departure(sdbus::Message& signal);
    boost::asio::awaitable<Status> ask(Checks::iterator check, Caller caller, std::string action);
    boost::asio::awaitable<Result<std::string>> owner(std::shared_ptr<GivingUp> giving_up);

    BusPump& pump_;
    Limits limits_;
    BusObject bus_;
    Checks checks_;
    std::optional<sdbus::Slot> departures_;  ///< heard only while there are checks
    std::uint64_t last_id_ = 0;
    bool stopped_ = false;
};

}  // namespace ntpopt
