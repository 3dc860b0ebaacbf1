// ntpd as a backend, ntpsec and the classic 4.2.8: reads what it does, and prepares changes of its sources. A change
// itself is ntpd_change.hpp's.
#pragma once

#include <memory>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/detect.hpp"
#include "daemon/apply/ntpd_tools.hpp"

namespace ntpopt {

class NtpdBackend final : public Backend {
  public:
    /// `systemd` may be null, as for detect_service(); then nothing can be changed, since a change is a restart.
    NtpdBackend(ApplyConfig config, Systemd* systemd) : config_(std::move(config)), systemd_(systemd) {}

    [[nodiscard]] Service service() const override { return Service::ntpd; }
    boost::asio::awaitable<Result<ServiceObservation>> observe(Past past) override;
    boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) override;
    [[nodiscard]] Result<std::unique_ptr<Change>> resume(const Json& record) override;

  private:
    /// Everything about a running ntpd, read at one time. What cannot be known is a refusal, not a failure: people are
    /// told what runs even where nothing can be changed.
    struct Sight {
        Detected detected;
        NtpdVersion version;
        NtpdFiles files;
        NtpdConfig config;
        NtpdView view;
        std::vector<std::string> refusals;
    };
    boost::asio::awaitable<Result<Sight>> look();

    ApplyConfig config_;
    Systemd* systemd_;
};

}  // namespace ntpopt
