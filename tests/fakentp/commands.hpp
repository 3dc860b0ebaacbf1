// The commands that a running fakentp takes from standard input or from its control FIFO, one a line;
// "quit" is the program's own.
#pragma once

#include <string>
#include <string_view>

#include "common/error.hpp"
#include "tests/fakentp/fleet.hpp"

namespace ntpopt::fakentp {

/// Carries out one command. The answer is one line or several, each ended by a newline; empty lines and lines that
/// begin with '#' do nothing.
[[nodiscard]] Result<std::string> run_command(Fleet& fleet, std::string_view line);

/// For --help.
[[nodiscard]] std::string_view describe_commands();

}  // namespace ntpopt::fakentp
