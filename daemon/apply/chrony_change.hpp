// One change of chronyd's sources, make before break: carries a ChronyPlan out step by step, and undoes it. What to do
// is decided in core/plan, whether it worked in core/verify, how chronyd hears of it in a ChronyWay.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/chrony_link.hpp"
#include "daemon/apply/chrony_way.hpp"

namespace ntpopt {

class ChronyChange final : public Change {
  public:
    ChronyChange(ChronyRecord record, Json description, const ApplyConfig& config);

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
    [[nodiscard]] std::vector<std::string> left_alone() const override { return way_->left_alone(); }

  private:
    [[nodiscard]] bool may_delete(ChronyPresence presence) const;
    boost::asio::awaitable<Status> await_heirs();
    boost::asio::awaitable<Status> delete_leftovers();

    ChronyRecord record_;
    Json description_;
    ChronyLink link_;
    std::unique_ptr<ChronyWay> way_;
    bool proven_ = false;  ///< by this process
};

}  // namespace ntpopt
