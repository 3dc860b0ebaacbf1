// Implementation of pager.hpp.
#include "ctl/pager.hpp"

#include <signal.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string_view>

namespace ntpopt::ctl {
namespace {

/// The first of the variables that is there decides, even where it is empty.
std::string pager_of_user() {
    for (const auto* variable : {"NTPOPT_PAGER", "PAGER"})
        if (const auto* value = std::getenv(variable)) return value;
    return "less";
}

/// Whether this process has other rights than whoever logged in: behind sudo, su, pkexec, or a setuid bit. A pager that
/// starts a shell or an editor would lend them out.
bool has_borrowed_rights() {
    constexpr uid_t kNobodyLoggedIn = static_cast<uid_t>(-1);
    if (::getauxval(AT_SECURE) != 0) return true;
    for (const auto* variable : {"SUDO_UID", "PKEXEC_UID", "DOAS_USER"})
        if (std::getenv(variable)) return true;
    uid_t login = kNobodyLoggedIn;
    std::ifstream("/proc/self/loginuid") >> login;
    return login != kNobodyLoggedIn && login != ::geteuid();
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

bool show_in_pager(const std::string& text, bool utf8) {
    auto pager = pager_of_user();
    if (pager.empty() || pager == "cat") return false;
    const bool borrowed = has_borrowed_rights();
    if (borrowed) pager = "less";
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const auto child = ::fork();
    if (child < 0) {
        ::close(ends[0]);
        ::close(ends[1]);
        return false;
    }
    if (child == 0) {
        ::dup2(ends[0], STDIN_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        // Quit at once where it fits, colours as they are, no wrapping, leave the text on the screen.
        ::setenv("LESS", "FRSXMK", 0);
        if (utf8) ::setenv("LESSCHARSET", "utf-8", 0);
        if (borrowed) ::setenv("LESSSECURE", "1", 1);
        ::execlp("sh", "sh", "-c", pager.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    // Who leaves the pager before the end of the text has read enough, which is no failure.
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    struct sigaction before {};
    ::sigaction(SIGPIPE, &ignore, &before);
    write_all(ends[1], text);
    ::close(ends[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::sigaction(SIGPIPE, &before, nullptr);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

}  // namespace ntpopt::ctl
