// Implementation of output.hpp.
#include "ctl/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "dbus/errors.hpp"

namespace ntpopt::ctl {
namespace {

bool is_set(const char* variable) {
    const auto* value = std::getenv(variable);
    return value && *value != '\0';
}

std::string hint_for(Errc code) {
    switch (code) {
        case Errc::access_denied:
            return "Run it as root, for example with sudo.";
        case Errc::busy:
            return "Wait for the round under way ('ntpoptctl status'), or follow it with 'ntpoptctl monitor'.";
        case Errc::service_not_found:
            return "Install and start chrony, ntpsec or systemd-timesyncd.";
        case Errc::service_conflict:
            return "Let only one time service run.";
        default:
            return "";
    }
}

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(fd, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// Shows the text in $PAGER, or less; false where that cannot be started.
bool page(const std::string& text) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const auto child = ::fork();
    if (child < 0) return false;
    if (child == 0) {
        ::dup2(ends[0], STDIN_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        ::setenv("LESS", "FRSXMK", 0);
        const auto* pager = is_set("PAGER") ? std::getenv("PAGER") : "less";
        ::execlp("sh", "sh", "-c", pager, nullptr);
        ::_exit(127);
    }
    ::close(ends[0]);
    write_all(ends[1], text);
    ::close(ends[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

}  // namespace

Output::Output(const Options& options)
    : json_(options.json),
      terminal_(::isatty(STDOUT_FILENO) == 1),
      colour_(terminal_ && !options.no_color && !is_set("NO_COLOR")),
      pager_(terminal_ && !options.no_pager),
      live_(::isatty(STDERR_FILENO) == 1 && !options.json) {
    winsize size{};
    if (terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        width_ = size.ws_col;
        height_ = size.ws_row;
    }
    // For scripts that want a certain width, as everywhere.
    if (const auto* columns = std::getenv("COLUMNS"))
        width_ = static_cast<std::size_t>(std::max(0, std::atoi(columns)));
}

std::string Output::paint(Tone tone, std::string_view text) const {
    if (!colour_ || tone == Tone::plain) return std::string(text);
    const char* code = "0";
    switch (tone) {
        case Tone::good:
            code = "32";
            break;
        case Tone::caution:
            code = "33";
            break;
        case Tone::bad:
            code = "1;31";
            break;
        case Tone::quiet:
            code = "2";
            break;
        case Tone::heading:
            code = "1";
            break;
        case Tone::plain:
            break;
    }
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Output::text(const std::string& text) const {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (pager_ && height_ > 0 && lines >= height_ && page(text)) return;
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

void Output::json(const Json& document) const {
    std::puts(render_json(document).c_str());
    std::fflush(stdout);
}

void Output::line(const std::string& text) const {
    std::puts(text.c_str());
    std::fflush(stdout);
}

void Output::progress(const std::string& text) {
    if (!live_) return;
    live_shown_ = true;
    std::fputs(("\r\x1b[K" + text).c_str(), stderr);
    std::fflush(stderr);
}

void Output::end_progress() {
    if (!live_shown_) return;
    live_shown_ = false;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

ExitCode Output::fail(const Error& error) const {
    fmt::print(stderr, "ntpoptctl: {}\n", error.detail);
    if (const auto hint = hint_for(error.code); !hint.empty()) fmt::print(stderr, "{}\n", hint);
    return exit_code_of(error.code);
}

ExitCode Output::fail(const std::string& what, ExitCode code) const {
    fmt::print(stderr, "ntpoptctl: {}\n", what);
    return code;
}

}  // namespace ntpopt::ctl
