// Which address families lead out of this machine at the moment. It asks the kernel's routing table only: nothing is
// sent.
#pragma once

#include "daemon/ports/resolver.hpp"

namespace ntpopt {

/// The families with a route to the public internet.
[[nodiscard]] Families routed_families();

/// What is worth asking for: `wanted` without a family that has no route while the other has one. Where neither has (a
/// closed network with servers of its own), both stay.
[[nodiscard]] Families worth_asking(Families wanted, Families routed);

}  // namespace ntpopt
