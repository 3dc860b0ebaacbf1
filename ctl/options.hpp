// The command line of ntpoptctl as a value. Global options may stand before or after the verb.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/time_text.hpp"

namespace ntpopt::ctl {

enum class Verb {
    status,
    reoptimize,
    servers,
    explain,
    history,
    blacklist,
    interval,
    rollback,
    monitor,
    config,
    report,
    metrics,
    notify
};
enum class BlacklistAct { list, add, remove };

struct Options {
    Verb verb = Verb::status;

    bool json = false;
    bool no_color = false;
    bool no_pager = false;
    bool no_ask_password = false;
    std::string host;                 ///< "" for this machine, else [USER@]HOST
    std::optional<Duration> timeout;  ///< nothing: what suits the verb

    bool dry_run = false;
    bool no_wait = false;
    bool all = false;
    bool original = false;
    bool list = false;
    bool csv = false;
    bool trace = false;
    std::string server;                ///< explain, history, blacklist
    std::optional<Duration> interval;  ///< nothing: show it; zero: as configured
    std::optional<Duration> since;     ///< history: how far back
    std::uint32_t limit = 0;           ///< history: 0 for the daemon's own
    std::optional<RealTime> from;      ///< report
    std::optional<RealTime> to;        ///< the same
    bool verify = false;
    bool journal = false;
    BlacklistAct blacklist = BlacklistAct::list;
    std::string channel;               ///< notify test: "" for all
    std::optional<Duration> ban_time;  ///< nothing: for good
    std::string text_file;             ///< metrics: to be replaced; "" for stdout
    bool http = false;                 ///< metrics: answer a request on stdin
};

/// What to print instead of doing anything: the text of --help or --version.
struct Text {
    std::string text;
};

/// The options, a text to print, or Errc::invalid_argument with what is wrong.
[[nodiscard]] Result<std::variant<Options, Text>> parse_options(int argc, const char* const* argv);

}  // namespace ntpopt::ctl
