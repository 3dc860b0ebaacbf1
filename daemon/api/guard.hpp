// The one guard around what the bus calls: nothing but a D-Bus error leaves it.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <exception>

#include "dbus/errors.hpp"

namespace ntpopt {

/// Whatever leaves a method or property body becomes a D-Bus error: any other exception would unwind through sd-bus,
/// which is C, and end the daemon at the hand of any caller.
template <typename Body>
auto guarded(Body body) -> decltype(body()) {
    try {
        return body();
    } catch (const sdbus::Error&) {
        throw;
    } catch (const std::exception& e) {
        throw to_bus({Errc::internal, e.what()});
    } catch (...) {
        throw to_bus({Errc::internal, "unknown failure"});
    }
}

}  // namespace ntpopt
