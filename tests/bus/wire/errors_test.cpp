// The one table of failures, bus names and exit codes.
#include "dbus/errors.hpp"

#include <gmock/gmock.h>

namespace ntpopt {
namespace {

TEST(Errors, EveryNameOfTheContractIsReadAsWhatItIsSentFor) {
    for (const auto code :
         {Errc::busy, Errc::no_usable_servers, Errc::no_consensus, Errc::verification_failed, Errc::service_not_found,
          Errc::service_conflict, Errc::refused, Errc::not_found, Errc::shutting_down, Errc::internal,
          Errc::invalid_argument, Errc::access_denied, Errc::not_authenticated, Errc::timeout})
        EXPECT_EQ(errc_of(bus_name_of(code)), code) << bus_name_of(code);
}

TEST(Errors, WhatMeansNothingToACallerIsInternal) {
    for (const auto code : {Errc::io, Errc::parse, Errc::unavailable})
        EXPECT_EQ(bus_name_of(code), "org.ntpopt1.Error.Internal");
    EXPECT_EQ(errc_of("com.example.Error.New"), Errc::internal);
}

TEST(Errors, ExitCodesAreThoseOfTheContract) {
    EXPECT_EQ(exit_code_of(Errc::access_denied), ExitCode::not_authorised);
    EXPECT_EQ(exit_code_of(Errc::not_authenticated), ExitCode::not_authorised);
    EXPECT_EQ(exit_code_of(errc_of("org.freedesktop.DBus.Error.ServiceUnknown")), ExitCode::not_running);
    EXPECT_EQ(exit_code_of(Errc::no_consensus), ExitCode::nothing_usable);
    EXPECT_EQ(exit_code_of(Errc::no_usable_servers), ExitCode::nothing_usable);
    EXPECT_EQ(exit_code_of(Errc::verification_failed), ExitCode::rolled_back);
    EXPECT_EQ(exit_code_of(Errc::invalid_argument), ExitCode::usage);
    EXPECT_EQ(exit_code_of(Errc::internal), ExitCode::failure);
}

TEST(Errors, TextsAreMadePrintable) {
    EXPECT_EQ(to_bus({Errc::refused, "a\nb"}).getMessage(), "a; b");
    EXPECT_EQ(to_bus({Errc::refused, "a\rb"}).getMessage(), "a\\x0db");
    EXPECT_EQ(from_bus(sdbus::Error("org.ntpopt1.Error.Busy", "a\x1b[2J")).detail, "a\\x1b[2J");
}

}  // namespace
}  // namespace ntpopt
