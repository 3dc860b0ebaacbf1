// One change of chronyd's sources, make before break: carries a ChronyPlan out step by step, and undoes it. What to do
// is decided in core/plan, whether it worked in core/verify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/chrony_record.hpp"
#include "daemon/apply/chrony_tools.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/core/verify/chrony.hpp"

namespace ntpopt {

class ChronyChange final : public Change {
  public:
    ChronyChange(ChronyRecord record, Json description, ApplyConfig config);

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
    [[nodiscard]] std::vector<std::string> left_alone() const override { return left_alone_; }

  private:
    enum class Presence { absent, same, restarted };

    /// Finds the chronyd that runs now; `tools_` is set unless it is absent.
    Result<Presence> attach();
    /// As attach(), but any other than the chronyd that the change began with is an error.
    Status attach_same();
    boost::asio::awaitable<Result<ChronyObserved>> look();
    [[nodiscard]] Status put_ours(const FileText& text) const;
    [[nodiscard]] Status put_restore(const FileText& text) const;
    [[nodiscard]] Status put_files(const FileText& ours, const FileText& restore) const;
    [[nodiscard]] Status unless_changed_by_others(Status done);
    boost::asio::awaitable<Status> reload_patiently();
    boost::asio::awaitable<Status> delete_leftovers();
    boost::asio::awaitable<Status> bring_back_deleted();
    boost::asio::awaitable<Status> check_former();
    boost::asio::awaitable<void> pause();

    ChronyRecord record_;
    Json description_;
    ApplyConfig config_;
    std::optional<ChronyTools> tools_;
    std::vector<std::string> left_alone_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();  ///< of the last reload
};

}  // namespace ntpopt
