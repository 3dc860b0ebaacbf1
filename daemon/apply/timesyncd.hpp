// systemd-timesyncd as a backend: reads what it does, and prepares changes of its servers. A change itself is
// timesyncd_change.hpp's.
#pragma once

#include <memory>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/detect.hpp"
#include "daemon/apply/timesyncd_bus.hpp"
#include "daemon/apply/timesyncd_record.hpp"

namespace ntpopt {

class TimesyncdBackend final : public Backend {
  public:
    /// `pump` may be null: then a change can be undone as far as files go. `systemd` may be, as for detect_service().
    /// Both must outlive the backend and its changes.
    TimesyncdBackend(ApplyConfig config, BusPump* pump, Systemd* systemd);

    [[nodiscard]] Service service() const override { return Service::timesyncd; }
    boost::asio::awaitable<Result<ServiceObservation>> observe(Past past) override;
    boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) override;
    [[nodiscard]] Result<std::unique_ptr<Change>> resume(const Json& record) override;

  private:
    /// Everything about a running timesyncd, read at one time.
    struct Sight {
        Detected detected;
        TimesyncdView view;
        std::optional<FileImage> drop_in;
    };
    boost::asio::awaitable<Result<Sight>> look();

    ApplyConfig config_;
    Systemd* systemd_;
    std::shared_ptr<TimesyncdBus> bus_;  ///< null without a pump
};

}  // namespace ntpopt
