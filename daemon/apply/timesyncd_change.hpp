// One change of systemd-timesyncd's servers: carries a TimesyncdPlan out step by step, and undoes it. What to do is
// decided in core/plan, whether it worked in core/verify.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/timesyncd_bus.hpp"
#include "daemon/apply/timesyncd_record.hpp"
#include "daemon/io/bus/systemd.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

class TimesyncdChange final : public Change {
  public:
    /// `bus` and `systemd` may be null: then files are all that can be brought back.
    TimesyncdChange(TimesyncdRecord record, Json description, std::shared_ptr<TimesyncdBus> bus, Systemd* systemd);

    [[nodiscard]] Json record() const override { return to_json(record_); }
    [[nodiscard]] Json description() const override { return description_; }
    [[nodiscard]] bool is_needed() const override { return !record_.fulfilled; }
    [[nodiscard]] std::vector<std::string> previous() const override { return record_.followed; }

    boost::asio::awaitable<Status> write_files() override;
    boost::asio::awaitable<Status> reload() override;
    boost::asio::awaitable<Status> prove() override;
    /// Nothing is left to take away: the new list took the place of the old one. But an applier whose disk was full may
    /// have undone what its journal still calls proven, so that the file has to come back before that is taken up.
    boost::asio::awaitable<Status> remove_base() override;
    boost::asio::awaitable<Result<std::string>> confirm() override;
    boost::asio::awaitable<Status> undo() override;
    [[nodiscard]] Status withdraw_files() override;
    [[nodiscard]] std::vector<std::string> left_alone() const override { return left_alone_; }

  private:
    enum class Presence { absent, same, restarted };

    /// Finds the timesyncd that runs now.
    Result<Presence> attach();
    /// As attach(), but any other than the timesyncd that was changed is an error.
    Status attach_same();
    boost::asio::awaitable<Status> restart_unit();
    /// One that has just started is not on the bus yet.
    boost::asio::awaitable<Result<TimesyncdStatus>> status_patiently();
    boost::asio::awaitable<Status> restore_list(Presence presence);
    boost::asio::awaitable<void> pause(std::chrono::milliseconds time);

    TimesyncdRecord record_;
    Json description_;
    std::shared_ptr<TimesyncdBus> bus_;
    Systemd* systemd_;
    pid_t pid_ = 0;  ///< of the timesyncd that attach() found
    std::vector<std::string> left_alone_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();  ///< of the last order
};

}  // namespace ntpopt
