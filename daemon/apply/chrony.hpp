// chronyd as a backend: reads what it does, and prepares changes of its sources. A change itself is
// chrony_change.hpp's.
#pragma once

#include <memory>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/chrony_sight.hpp"

namespace ntpopt {

class ChronyBackend final : public Backend {
  public:
    /// `systemd` may be null, as for detect_service().
    ChronyBackend(ApplyConfig config, Systemd* systemd) : config_(std::move(config)), systemd_(systemd) {}

    [[nodiscard]] Service service() const override { return Service::chronyd; }
    boost::asio::awaitable<Result<ServiceObservation>> observe(Past past) override;
    boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) override;
    [[nodiscard]] Result<std::unique_ptr<Change>> resume(const Json& record) override;

  private:
    ApplyConfig config_;
    Systemd* systemd_;
};

}  // namespace ntpopt
