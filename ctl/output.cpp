// Implementation of output.hpp.
#include "ctl/output.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "ctl/layout.hpp"
#include "ctl/pager.hpp"
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
            return "Run it as root, for example with sudo, or let an administrator allow it by a rule of polkit.";
        case Errc::not_authenticated:
            return "Run it in a terminal, where polkit can ask for a password, or as root, for example with sudo.";
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

/// Whether the user's locale says that the terminal understands UTF-8.
bool speaks_utf8() {
    ::setlocale(LC_CTYPE, "");
    const bool utf8 = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
    ::setlocale(LC_CTYPE, "C");
    return utf8;
}

bool is_dumb() {
    const auto* terminal = std::getenv("TERM");
    return terminal && std::string_view(terminal) == "dumb";
}

}  // namespace

std::string ascii_json(const Json& document) {
    return document.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Output::Output(const Options& options)
    : json_(options.json),
      terminal_(::isatty(STDOUT_FILENO) == 1),
      colour_(terminal_ && !options.no_color && !is_set("NO_COLOR") && !is_dumb()),
      unicode_(speaks_utf8()),
      pager_(terminal_ && !options.no_pager && !is_dumb()),
      live_(::isatty(STDERR_FILENO) == 1 && !options.json && !is_dumb()) {
    winsize size{};
    if (terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        width_ = size.ws_col;
        height_ = size.ws_row;
    }
    if (live_ && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) live_width_ = size.ws_col;
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
    if (pager_ && height_ > 0 && lines >= height_ && show_in_pager(text, unicode_)) return;
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

void Output::json(const Json& document) const {
    std::puts(ascii_json(document).c_str());
    std::fflush(stdout);
}

void Output::line(const std::string& text) const {
    std::puts(text.c_str());
    std::fflush(stdout);
}

void Output::progress(const std::string& text) {
    if (!live_) return;
    live_shown_ = true;
    // A line that wraps could not be taken back.
    std::fputs(("\r\x1b[K" + fit_columns(text, live_width_ == 0 ? text.size() : live_width_ - 1, "")).c_str(), stderr);
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
