// The daemon on the bus: org.ntpopt1.Manager over Control. It checks arguments, asks who calls and whether they may,
// turns failures into D-Bus errors and changes into signals. It decides nothing and remembers nothing but what it last
// told.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "common/json.hpp"
#include "daemon/api/authority.hpp"
#include "daemon/api/control.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/sender.hpp"
#include "daemon/io/bus/task_group.hpp"
#include "dbus/glue/manager_adaptor.hpp"

namespace ntpopt {

class ManagerFace final : private sdbus::AdaptorInterfaces<org::ntpopt1::Manager_adaptor> {
  public:
    /// Exports the object; requesting the name is for the caller, when everything is ready. `tasks` must be drained
    /// before the connection goes, since its coroutines hold answers that were not sent.
    ManagerFace(BusPump& pump, TaskGroup& tasks, Control& control, Authority& authority);
    ~ManagerFace();

    /// To be called whenever the snapshot may have changed: one PropertiesChanged a turn of the loop, with what did.
    void changed();

    void run_started(std::uint64_t run_id, bool dry_run);
    /// Progress is told at most ten times a second, but each stage's beginning and end always.
    void run_progress(std::uint64_t run_id, const std::string& stage, std::size_t done, std::size_t total);
    /// `report` may be whole: what everybody hears leaves out its servers and its diff.
    void run_finished(std::uint64_t run_id, const Json& report);
    void selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                           const std::string& reason);
    void server_blacklisted(const std::string& server, std::uint64_t until_usec, const std::string& reason);

  private:
    template <typename... Out>
    using Work = std::function<boost::asio::awaitable<Result<std::tuple<Out...>>>(Caller)>;

    // Methods of the interface, see org.ntpopt1.Manager.xml.
    void Reoptimize(sdbus::Result<std::uint64_t>&& result, wire::Dict options) override;
    void GetRun(sdbus::Result<wire::Dict>&& result, std::uint64_t run_id) override;
    void GetStatus(sdbus::Result<wire::Dict>&& result) override;
    wire::Dict GetMetrics() override;
    wire::Rows ListServers() override;
    wire::Dict Explain(const std::string& server) override;
    wire::Rows GetHistory(const wire::Dict& query) override;
    wire::Rows ListBlacklist() override;
    void Blacklist(sdbus::Result<>&& result, std::string server, std::uint64_t for_usec) override;
    void Unblacklist(sdbus::Result<>&& result, std::string server) override;
    void SetInterval(sdbus::Result<>&& result, std::uint64_t interval_usec) override;
    void Rollback(sdbus::Result<std::uint64_t>&& result, wire::Dict options) override;
    void Reload(sdbus::Result<>&& result) override;
    wire::Dict GetConfig() override;
    wire::Rows GetEvidence(const wire::Dict& query) override;
    void VerifyEvidence(sdbus::Result<wire::Dict>&& result) override;
    void TestNotice(sdbus::Result<wire::Rows>&& result, std::string channel) override;

    // Properties of the interface.
    std::string Version() override;
    std::string State() override;
    std::string Mode() override;
    std::string Service() override;
    std::string Unit() override;
    std::string Region() override;
    std::vector<std::string> Selected() override;
    std::string Confidence() override;
    bool Synchronised() override;
    std::uint64_t IntervalUSec() override;
    std::uint64_t LastRunUSec() override;
    std::uint64_t NextRunUSec() override;
    std::vector<std::string> Alarms() override;
    std::uint64_t ClockErrorBoundNSec() override;

    /// Takes the call in as a task, where its sender has not too many under way already.
    template <typename... Out>
    void take(sdbus::Result<Out...>&& result, std::optional<Action> action, std::type_identity_t<Work<Out...>> work);
    template <typename... Out>
    boost::asio::awaitable<void> serve(std::shared_ptr<sdbus::Result<Out...>> result, Caller caller,
                                       std::optional<Action> action, Work<Out...> work);
    /// Does what somebody asked for who may, and has it written down, done or not.
    template <typename... Out>
    Result<std::tuple<Out...>> witnessed(const Caller& caller, const char* method, Json arguments,
                                         Result<std::tuple<Out...>> outcome);
    boost::asio::awaitable<Result<Caller>> admit(Caller caller, std::optional<Action> action);
    /// The sender of the call under way, its user not known yet, where it may have one more pending; else the answer
    /// is an error.
    template <typename... Out>
    std::optional<Caller> enter(const sdbus::Result<Out...>& result);
    void leave(const std::string& sender);

    template <typename Emit>
    void tell(Emit emit);

    BusPump& pump_;
    TaskGroup& tasks_;
    Control& control_;
    Authority& authority_;
    Senders senders_;
    std::unordered_map<std::string, int> pending_;
    std::size_t pending_in_all_ = 0;
    Snapshot told_;
    bool telling_ = false;
    std::string told_stage_;
    std::chrono::steady_clock::time_point told_at_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ntpopt
