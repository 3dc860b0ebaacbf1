// One change of ntpd's sources: writes the files of an NtpdPlan, restarts ntpd through systemd, watches what it does
// with them, and undoes it. What to do is decided in core/plan, whether it worked in core/verify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/ntpd_record.hpp"
#include "daemon/core/verify/ntpd.hpp"
#include "daemon/io/bus/systemd.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

class NtpdChange final : public Change {
  public:
    /// `systemd` may be null: then files can be restored, and what needs a restart waits for a process that has one.
    NtpdChange(NtpdRecord record, Json description, Systemd* systemd);

    [[nodiscard]] Json record() const override { return to_json(record_); }
    [[nodiscard]] Json description() const override { return description_; }
    [[nodiscard]] bool is_needed() const override { return !record_.fulfilled; }
    [[nodiscard]] std::vector<std::string> previous() const override;

    boost::asio::awaitable<Status> write_files() override;
    boost::asio::awaitable<Status> reload() override;
    boost::asio::awaitable<Status> prove() override;
    boost::asio::awaitable<Status> remove_base() override;
    boost::asio::awaitable<Result<std::string>> confirm() override;
    boost::asio::awaitable<Status> undo() override;
    [[nodiscard]] Status withdraw_files() override;
    [[nodiscard]] std::vector<std::string> left_alone() const override { return left_alone_; }

  private:
    [[nodiscard]] Status put_files() const;
    /// The ntpd that runs now, nothing where none does.
    [[nodiscard]] Result<std::optional<ProcessInfo>> process() const;
    /// The same as instance_of() says it, empty where none runs.
    [[nodiscard]] Result<std::string> instance() const;
    /// `instance` still runs; anything else is an error with a reason.
    Status expect(const std::string& instance);
    boost::asio::awaitable<Result<NtpdObserved>> look();
    /// Follows one process until the judge is content. `since_` says from when on.
    boost::asio::awaitable<Result<std::string>> watch(std::string instance);
    /// Brings the pre-image back; where somebody edited a file of the service's own meanwhile, only its marks.
    [[nodiscard]] Status restore(const OurFile& file) const;
    [[nodiscard]] Status restore_files();
    boost::asio::awaitable<Status> restart_for_return(std::string running);
    /// Waits until ntpd follows what its files ask for, whether it answers or not; where they cannot be read, what they
    /// asked for when the change was planned (`remembered`).
    boost::asio::awaitable<Status> check_return(std::vector<NtpdMember> remembered);
    [[nodiscard]] Result<std::vector<NtpdMember>> asked_for();
    boost::asio::awaitable<void> pause();

    NtpdRecord record_;
    Json description_;
    Systemd* systemd_;
    std::vector<std::string> left_alone_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();  ///< of the last restart
};

}  // namespace ntpopt
