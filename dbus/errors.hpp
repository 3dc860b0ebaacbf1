// One table ties together what kind of failure it is (Errc), the name that it has on the bus, and the exit code that
// ntpoptctl makes of it. Texts are passed on as they are.
#pragma once

#include <sdbus-c++/Error.h>

#include <string_view>

#include "common/error.hpp"
#include "common/exit_code.hpp"

namespace ntpopt {

/// "org.ntpopt1.Error.Busy", or the standard name where D-Bus has one. Failures that mean nothing to a caller
/// (operating system, parser, a peer of ours) are "Internal".
[[nodiscard]] std::string_view bus_name_of(Errc code);

/// The kind of failure behind the name of a bus error: ours, or one of the standard ones. Unknown names are internal.
[[nodiscard]] Errc errc_of(std::string_view bus_error_name);

[[nodiscard]] ExitCode exit_code_of(Errc code);

/// The failure as the caller of one of our methods gets it. Its detail becomes one printable line.
[[nodiscard]] sdbus::Error to_bus(const Error& error);

/// The failure that an answer from the bus tells of, its text made one printable line.
[[nodiscard]] Error from_bus(const sdbus::Error& error);

}  // namespace ntpopt
