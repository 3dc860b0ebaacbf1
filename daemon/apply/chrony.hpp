// chronyd as a backend: reads what it does, and prepares changes of its sources. A change itself is
// chrony_change.hpp's.
#pragma once

#include <memory>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/chrony_record.hpp"
#include "daemon/apply/chrony_tools.hpp"
#include "daemon/apply/detect.hpp"

namespace ntpopt {

class ChronyBackend final : public Backend {
  public:
    /// `systemd` may be null, as for detect_service().
    ChronyBackend(ApplyConfig config, Systemd* systemd) : config_(std::move(config)), systemd_(systemd) {}

    [[nodiscard]] Service service() const override { return Service::chronyd; }
    boost::asio::awaitable<Result<ServiceObservation>> observe(Json committed) override;
    boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) override;
    [[nodiscard]] Result<std::unique_ptr<Change>> resume(const Json& record) override;

  private:
    /// Everything about a running chronyd, read at one time.
    struct Sight {
        Detected detected;
        std::string version;
        std::vector<std::string> chronyc;
        std::string config_path;
        std::string our_path;  ///< empty: chronyd has no sourcedir
        std::string restore_path;
        ChronyView view;
        ChronyTracking tracking;
    };
    boost::asio::awaitable<Result<Sight>> look();

    ApplyConfig config_;
    Systemd* systemd_;
};

}  // namespace ntpopt
