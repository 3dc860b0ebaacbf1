// Implementation of password_agent.hpp.
#include "ctl/password_agent.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ntpopt::ctl {
namespace {

constexpr int kStartMs = 5'000;

}  // namespace

PasswordAgent::PasswordAgent() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        const int told = ::fcntl(ends[1], F_DUPFD, 3);  // a copy that the exec leaves open
        const auto notify = fmt::format("--notify-fd={}", told);
        ::execlp("pkttyagent", "pkttyagent", notify.c_str(), "--fallback", nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    // It closes its end when it is registered; so does its death.
    pollfd registered{ends[0], POLLIN, 0};
    if (child_ > 0) ::poll(&registered, 1, kStartMs);
    ::close(ends[0]);
}

PasswordAgent::~PasswordAgent() {
    if (child_ <= 0) return;
    ::kill(child_, SIGTERM);
    ::kill(child_, SIGCONT);  // it may have been stopped for touching the terminal from the background
    ::waitpid(child_, nullptr, 0);
}

}  // namespace ntpopt::ctl
