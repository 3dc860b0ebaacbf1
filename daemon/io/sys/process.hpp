// Runs another program to its end: arguments as a list, no shell, a clean environment, bounded output, a deadline after
// which it is killed. What it printed is somebody else's to parse.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace ntpopt {

struct Command {
    std::vector<std::string> argv;  ///< the first is a path; nothing is searched
    Duration deadline = std::chrono::seconds(5);
    std::size_t max_output = 1024 * 1024;
    std::string input{};  ///< what it reads on standard input
};

struct ProcessOutput {
    int status = 0;  ///< exit status; 128 + the signal's number where a signal ended it
    std::string out;
    std::string err;
};

/// Root runs no program that somebody else could change: Errc::refused by check_program(). Errc::io where it cannot be
/// started, Errc::timeout where it was killed at its deadline, Errc::parse where it printed more than it may. A status
/// other than 0 is no error of ours. It is killed where the caller is cancelled.
boost::asio::awaitable<Result<ProcessOutput>> run_process(Command command);

}  // namespace ntpopt
