// A dbus-daemon of our own, configured as Debian's system bus and with the policies that we ship, for one test. It
// takes the place of the system bus by DBUS_SYSTEM_BUS_ADDRESS. Nothing of the machine's own bus is touched.
#pragma once

#include <sys/types.h>

#include <string>

#include "tests/scratch.hpp"

namespace ntpopt::test {

enum class Policies {
    shipped,     ///< as installed, with the user who runs the test in the place of user ntpopt
    permissive,  ///< everybody may do everything, even answer unasked: for fakes of other services and for forgers
};

class PrivateBus {
  public:
    /// Starts it and waits until it listens; throws where it does not. `directory_of_services`: activation files, or
    /// "".
    explicit PrivateBus(Policies policies = Policies::shipped, const std::string& directory_of_services = "");
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }
    /// Kills the bus, as a crash would.
    void kill();

  private:
    const Scratch scratch_;
    const std::string directory_ = scratch_.path();
    std::string address_;
    pid_t pid_ = -1;
};

/// Runs the function in a child process as another, unprivileged user, where this process is root; a non-root process
/// runs it in the child as itself. Returns the child's exit code, 127 where it was killed.
int as_nobody(int (*function)());

}  // namespace ntpopt::test
