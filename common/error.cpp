// Names and throwing for error.hpp.
#include "common/error.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <system_error>

namespace ntpopt {

std::string_view name_of(Errc code) {
    switch (code) {
        case Errc::invalid_argument:
            return "invalid_argument";
        case Errc::access_denied:
            return "access_denied";
        case Errc::not_authenticated:
            return "not_authenticated";
        case Errc::busy:
            return "busy";
        case Errc::not_found:
            return "not_found";
        case Errc::no_usable_servers:
            return "no_usable_servers";
        case Errc::no_consensus:
            return "no_consensus";
        case Errc::verification_failed:
            return "verification_failed";
        case Errc::service_not_found:
            return "service_not_found";
        case Errc::service_conflict:
            return "service_conflict";
        case Errc::refused:
            return "refused";
        case Errc::shutting_down:
            return "shutting_down";
        case Errc::timeout:
            return "timeout";
        case Errc::io:
            return "io";
        case Errc::parse:
            return "parse";
        case Errc::unavailable:
            return "unavailable";
        case Errc::internal:
            return "internal";
    }
    return "internal";
}

Error Error::in(std::string_view context) const {
    return {code, fmt::format("{}: {}", context, detail)};
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::logic_error(
        fmt::format("{}:{}: unchecked {}: {}", where.file_name(), where.line(), name_of(error.code), error.detail));
}

Error io_error(std::string_view doing, int error_number) {
    const auto code = error_number == EACCES || error_number == EPERM ? Errc::access_denied : Errc::io;
    return {code, fmt::format("{}: {}", doing, std::generic_category().message(error_number))};
}

}  // namespace ntpopt
