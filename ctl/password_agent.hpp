// polkit asks for a password through an agent of the user's session. A plain terminal has none, so that, as systemctl
// does, one of polkit's own is started for as long as a call may need it.
#pragma once

#include <sys/types.h>

namespace ntpopt::ctl {

class PasswordAgent {
  public:
    /// Starts pkttyagent and waits until it is registered. Where it is not installed, or a better agent is there
    /// already, nothing is started, which is no failure: polkit then says what it thinks of the call.
    PasswordAgent();
    ~PasswordAgent();
    PasswordAgent(const PasswordAgent&) = delete;
    PasswordAgent& operator=(const PasswordAgent&) = delete;

  private:
    pid_t child_ = -1;
};

}  // namespace ntpopt::ctl
