// Implementation of errors.hpp.
#include "dbus/errors.hpp"

#include <array>
#include <string>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxText = 1024;

struct Row {
    Errc code;
    std::string_view name;
    ExitCode exit;
};

// The first row of a code is the name that it is sent by; the first row of a name is the code that it is read as.
constexpr std::array<Row, 40> kTable{{
    {Errc::busy, "org.ntpopt1.Error.Busy", ExitCode::failure},
    {Errc::no_usable_servers, "org.ntpopt1.Error.NoUsableServers", ExitCode::nothing_usable},
    {Errc::no_consensus, "org.ntpopt1.Error.NoConsensus", ExitCode::nothing_usable},
    {Errc::verification_failed, "org.ntpopt1.Error.VerificationFailed", ExitCode::rolled_back},
    {Errc::service_not_found, "org.ntpopt1.Error.ServiceNotFound", ExitCode::failure},
    {Errc::service_conflict, "org.ntpopt1.Error.ServiceConflict", ExitCode::failure},
    {Errc::refused, "org.ntpopt1.Error.Refused", ExitCode::failure},
    {Errc::not_found, "org.ntpopt1.Error.NotFound", ExitCode::failure},
    {Errc::shutting_down, "org.ntpopt1.Error.ShuttingDown", ExitCode::not_running},
    {Errc::internal, "org.ntpopt1.Error.Internal", ExitCode::failure},
    {Errc::io, "org.ntpopt1.Error.Internal", ExitCode::failure},
    {Errc::parse, "org.ntpopt1.Error.Internal", ExitCode::failure},
    {Errc::unavailable, "org.ntpopt1.Error.Internal", ExitCode::not_running},
    {Errc::invalid_argument, "org.freedesktop.DBus.Error.InvalidArgs", ExitCode::usage},
    {Errc::access_denied, "org.freedesktop.DBus.Error.AccessDenied", ExitCode::not_authorised},
    {Errc::not_authenticated, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", ExitCode::not_authorised},
    {Errc::timeout, "org.freedesktop.DBus.Error.Timeout", ExitCode::failure},
    // Read only: what the bus itself and other programs answer.
    {Errc::invalid_argument, "org.freedesktop.DBus.Error.InvalidSignature", ExitCode::usage},
    {Errc::access_denied, "org.freedesktop.DBus.Error.AuthFailed", ExitCode::not_authorised},
    {Errc::access_denied, "System.Error.EACCES", ExitCode::not_authorised},
    {Errc::access_denied, "System.Error.EPERM", ExitCode::not_authorised},
    {Errc::busy, "org.freedesktop.DBus.Error.LimitsExceeded", ExitCode::failure},
    {Errc::timeout, "org.freedesktop.DBus.Error.NoReply", ExitCode::failure},
    {Errc::timeout, "org.freedesktop.DBus.Error.TimedOut", ExitCode::failure},
    {Errc::timeout, "System.Error.ETIMEDOUT", ExitCode::failure},
    {Errc::unavailable, "org.freedesktop.DBus.Error.ServiceUnknown", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.NameHasNoOwner", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.Disconnected", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.NoServer", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.FileNotFound", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.Spawn.Failed", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.Spawn.ExecFailed", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.Spawn.ChildExited", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.DBus.Error.Spawn.ChildSignaled", ExitCode::not_running},
    {Errc::unavailable, "org.freedesktop.systemd1.NoSuchUnit", ExitCode::not_running},
    {Errc::unavailable, "System.Error.ENOENT", ExitCode::not_running},
    {Errc::unavailable, "System.Error.ECONNREFUSED", ExitCode::not_running},
    {Errc::unavailable, "System.Error.ECONNRESET", ExitCode::not_running},
    {Errc::unavailable, "System.Error.ENOTCONN", ExitCode::not_running},
    {Errc::unavailable, "System.Error.EPIPE", ExitCode::not_running},
}};

const Row& row_of(Errc code) {
    for (const auto& row : kTable)
        if (row.code == code) return row;
    return row_of(Errc::internal);
}

/// On one line: a list of problems keeps its separators, everything else that is not printable is escaped.
std::string on_one_line(std::string_view text) {
    std::string line;
    for (const auto part : lines(text)) {
        if (!line.empty()) line += "; ";
        line += part;
    }
    return printable(line, kMaxText);
}

}  // namespace

std::string_view bus_name_of(Errc code) {
    return row_of(code).name;
}

Errc errc_of(std::string_view bus_error_name) {
    for (const auto& row : kTable)
        if (row.name == bus_error_name) return row.code;
    return Errc::internal;
}

ExitCode exit_code_of(Errc code) {
    return row_of(code).exit;
}

sdbus::Error to_bus(const Error& error) {
    return sdbus::Error(std::string(bus_name_of(error.code)), on_one_line(error.detail));
}

Error from_bus(const sdbus::Error& error) {
    return {errc_of(error.getName()), on_one_line(error.getMessage())};
}

}  // namespace ntpopt
