// The names by which our two services are found on the bus. The members of the interfaces are in the XML files beside
// this one, from which their C++ faces are generated.
#pragma once

namespace ntpopt::contract {

inline constexpr const char* kManagerName = "org.ntpopt1";
inline constexpr const char* kManagerPath = "/org/ntpopt1";
inline constexpr const char* kManagerInterface = "org.ntpopt1.Manager";

inline constexpr const char* kApplierName = "org.ntpopt1.Applier";
inline constexpr const char* kApplierPath = "/org/ntpopt1/applier";
inline constexpr const char* kApplierInterface = "org.ntpopt1.Applier";

/// polkit's actions, as packaging/polkit/org.ntpopt1.policy.in describes them.
inline constexpr const char* kActionReoptimize = "org.ntpopt1.reoptimize";
inline constexpr const char* kActionConfigure = "org.ntpopt1.configure";
inline constexpr const char* kActionRollback = "org.ntpopt1.rollback";

inline constexpr const char* kErrorPrefix = "org.ntpopt1.Error.";

inline constexpr const char* kBusName = "org.freedesktop.DBus";
inline constexpr const char* kBusPath = "/org/freedesktop/DBus";
inline constexpr const char* kBusInterface = "org.freedesktop.DBus";
inline constexpr const char* kPropertiesInterface = "org.freedesktop.DBus.Properties";

}  // namespace ntpopt::contract
