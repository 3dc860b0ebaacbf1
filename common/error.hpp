// Expected failures as values. A function that may fail returns Result<T>; whoever calls it adds context; only the top
// logs. Exceptions are for bugs. This file does not map errors to D-Bus or exit codes: dbus/errors.hpp does.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>
#include <boost/throw_exception.hpp>

namespace ntpopt {

/// What kind of failure it is, for programs; Error::detail is for people.
enum class Errc {
    invalid_argument,     ///< the caller's input is malformed or out of range
    access_denied,        ///< the caller may not do this
    not_authenticated,    ///< the caller may not do this before somebody proves who they are
    busy,                 ///< something else is under way
    not_found,            ///< the named thing does not exist
    no_usable_servers,    ///< no candidate survived
    no_consensus,         ///< the candidates do not agree on the time
    verification_failed,  ///< a change was made, did not prove itself, and was undone
    service_not_found,    ///< no supported NTP service runs here
    service_conflict,     ///< more than one NTP service runs, or one that must not be touched
    refused,              ///< policy or a safety gate says no
    shutting_down,        ///< the process is about to end
    timeout,              ///< no answer in time
    io,                   ///< the operating system refused
    parse,                ///< text or bytes from outside could not be understood
    unavailable,          ///< the peer (daemon, applier, bus) cannot be reached
    internal,             ///< a bug of ours
};

/// The enumerator's name, for logs.
[[nodiscard]] std::string_view name_of(Errc code);

struct Error {
    Errc code = Errc::internal;
    std::string detail;

    /// The same failure, told from one level further up: "context: detail".
    [[nodiscard]] Error in(std::string_view context) const;

    friend bool operator==(const Error&, const Error&) = default;
};

/// Result::value() on an error is a bug of ours, so it throws.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <typename T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

/// "doing X: No such file or directory" from errno-style numbers.
[[nodiscard]] Error io_error(std::string_view doing, int error_number);

}  // namespace ntpopt
