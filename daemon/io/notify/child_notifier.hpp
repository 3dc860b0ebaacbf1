// Has a notice delivered by a process that lives as long as this takes: ntpopt-notify for mail and HTTPS, which alone
// reads the secrets, or the administrator's own program.
#pragma once

#include <string>

#include "daemon/ports/notifier.hpp"

namespace ntpopt {

class ChildNotifier final : public Notifier {
  public:
    /// `credentials_dir`: of systemd, empty where there is none.
    ChildNotifier(std::string libexec_dir, std::string credentials_dir);

    boost::asio::awaitable<Delivery> deliver(NotifyChannel channel, Notice notice) override;

  private:
    std::string program_;
    std::string credentials_dir_;
};

}  // namespace ntpopt
