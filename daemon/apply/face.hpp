// The applier on the bus: org.ntpopt1.Applier over Transactions. Lets in root and the daemon's user, reads arguments,
// turns failures into D-Bus errors and states into signals. Decides nothing.
#pragma once

#include <sdbus-c++/sdbus-c++.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>

#include <boost/asio/awaitable.hpp>

#include "daemon/apply/transaction.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/sender.hpp"
#include "daemon/io/bus/task_group.hpp"
#include "dbus/glue/applier_adaptor.hpp"

namespace ntpopt {

class ApplierFace final : public sdbus::AdaptorInterfaces<org::ntpopt1::Applier_adaptor> {
  public:
    /// Exports the object; the name is the caller's to request afterwards. `user` may call besides root.
    ApplierFace(BusPump& pump, TaskGroup& tasks, Transactions& transactions, uid_t user);
    ~ApplierFace();
    ApplierFace(const ApplierFace&) = delete;
    ApplierFace& operator=(const ApplierFace&) = delete;

    /// No call waits for its answer and no transaction is open; since when.
    [[nodiscard]] bool is_idle() const { return pending_ == 0 && transactions_.open() == 0; }
    [[nodiscard]] std::chrono::steady_clock::time_point last_call() const { return last_call_; }

    /// From now on nothing new is begun.
    void shut() { shut_ = true; }

  private:
    template <typename T>
    using Work = boost::asio::awaitable<Result<T>>;

    void Observe(sdbus::Result<wire::Dict>&& result) override;
    void Plan(sdbus::Result<wire::Dict>&& result, wire::SmallRows servers, wire::SmallDict options) override;
    void Apply(sdbus::Result<std::uint64_t>&& result, wire::SmallRows servers, wire::SmallDict options) override;
    void Rollback(sdbus::Result<std::uint64_t>&& result, wire::SmallDict options) override;
    void Reconverge(sdbus::Result<std::uint64_t>&& result, wire::SmallDict options) override;
    void GetTransaction(sdbus::Result<wire::Dict>&& result, std::uint64_t transaction) override;
    std::uint64_t OpenTransaction() override;

    /// Begins the work for a caller, whose user is known by then.
    template <typename T>
    using Job = std::function<Work<T>(uid_t user)>;

    template <typename T>
    void take(sdbus::Result<T>&& result, std::type_identity_t<Job<T>> job);
    template <typename T>
    boost::asio::awaitable<void> serve(std::shared_ptr<sdbus::Result<T>> result, std::string sender, Job<T> job);
    boost::asio::awaitable<Result<uid_t>> admit(std::string sender);

    Work<wire::Dict> observe();
    Work<wire::Dict> plan(Json servers);
    Work<std::uint64_t> apply(Json servers, bool by_hand, EvidenceMark evidence);
    Work<std::uint64_t> can_roll_back(bool original, bool by_root);
    Work<std::uint64_t> roll_back(bool original, bool by_root, EvidenceMark evidence);
    Work<std::uint64_t> reconverge(EvidenceMark evidence);
    Work<wire::Dict> transaction(std::uint64_t id);
    Result<std::uint64_t> go(Result<std::uint64_t> begun);

    BusPump& pump_;
    TaskGroup& tasks_;
    Transactions& transactions_;
    uid_t user_;
    Senders senders_;
    std::size_t pending_ = 0;
    bool shut_ = false;
    std::chrono::steady_clock::time_point last_call_ = std::chrono::steady_clock::now();
};

}  // namespace ntpopt
