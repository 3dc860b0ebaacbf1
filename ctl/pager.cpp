// Implementation of pager.hpp.
#include "ctl/pager.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ntpopt::ctl {
namespace {

/// The first of the variables that is there decides, even where it is empty.
std::string pager_of_user() {
    for (const auto* variable : {"NTPOPT_PAGER", "PAGER"})
        if (const auto* value = std::getenv(variable)) return value;
    return "less";
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
    const auto pager = pager_of_user();
    if (pager.empty() || pager == "cat") return false;
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
